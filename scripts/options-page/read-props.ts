import {
  type ClassDeclaration,
  type InterfaceDeclaration,
  type JSDocableNode,
  Node,
  type Project,
  type PropertySignature,
  type Type,
} from 'ts-morph';
import { type Docstring, readCategory, readDocstring } from './docstring';

/** A public prop, as a row of the options page. */
export interface Prop extends Docstring {
  /** The path as in error messages, without the forward's name: `hosts[].to`. */
  readonly path: string;
  readonly category: string;
  readonly required: boolean;
}

/** Where the public props start: an interface, or a class whose static methods take props. */
export interface Root {
  readonly name: string;
  /** Goes before each prop's path. */
  readonly prefix?: string;
}

/**
 * Every public prop in the order of the sources, each once in each category. Types are followed wherever they are declared:
 * base interfaces, intersections, `Pick` and `Omit`, members of unions, elements of arrays and records. A prop's category is
 * its own `@category`, else that of the type that declares it, else that of the type that led there.
 * @throws Error listing every prop without a docstring or a category
 */
export function readProps(project: Project, roots: readonly Root[]): readonly Prop[] {
  const reader = new Reader();
  for (const { name, prefix = '' } of roots) {
    const declaration = declarationOf(project, name);
    if (Node.isInterfaceDeclaration(declaration)) reader.walk(declaration.getType(), prefix, undefined);
    else
      for (const parameter of declaration.getStaticMethods().flatMap((method) => method.getParameters()))
        reader.walkValue(parameter.getType(), prefix, undefined);
  }
  if (reader.problems.size > 0) throw new Error([...reader.problems].join('\n'));
  return [...reader.props.values()];
}

function declarationOf(project: Project, name: string): InterfaceDeclaration | ClassDeclaration {
  for (const file of project.getSourceFiles()) {
    const found = file.getInterface(name) ?? file.getClass(name);
    if (found !== undefined) return found;
  }
  throw new Error(`${name} is declared nowhere in the library`);
}

class Reader {
  readonly props = new Map<string, Prop>();
  readonly problems = new Set<string>();
  private readonly open = new Set<Type>();

  /** The props of an object type. A derived interface's props hide those of the same name in its bases. */
  walk(type: Type, prefix: string, above: string | undefined, hidden: ReadonlySet<string> = new Set()): void {
    if (this.open.has(type)) return;
    this.open.add(type);
    const category = categoryOf(type) ?? above;
    const declarations = (type.getSymbol()?.getDeclarations() ?? []).filter(Node.isInterfaceDeclaration);
    if (type.isIntersection()) {
      for (const part of type.getIntersectionTypes()) this.walk(part, prefix, category, hidden);
    } else if (declarations.length === 0) {
      for (const property of type.getProperties()) {
        const [declaration] = property.getDeclarations();
        if (Node.isPropertySignature(declaration) && !hidden.has(property.getName()))
          this.add(declaration, prefix, categoryOf(declaration.getParent()) ?? category);
      }
    } else {
      const own = declarations.flatMap((declaration) => declaration.getProperties());
      for (const declaration of own.filter((property) => !hidden.has(property.getName())))
        this.add(declaration, prefix, category);
      const inner = new Set([...hidden, ...own.map((property) => property.getName())]);
      for (const base of declarations.flatMap((declaration) => declaration.getExtends()))
        this.walk(base.getType(), prefix, category, inner);
    }
    this.open.delete(type);
  }

  private add(declaration: PropertySignature, prefix: string, above: string | undefined): void {
    const path = prefix + declaration.getName();
    const category = readCategory(declaration) ?? above;
    const docstring = readDocstring(declaration);
    if (category === undefined) this.problems.add(`${path} has no @category, on itself or on its interface`);
    else if (docstring === undefined || docstring.text === '') this.problems.add(`${path} has no docstring`);
    else {
      const required = !declaration.hasQuestionToken();
      // Several paths lead to the same declaration, such as the routes of a forward and of its hosts. The shortest path
      // is shown.
      const key = `${category}\n${declaration.getSourceFile().getFilePath()}:${declaration.getStart()}`;
      const before = this.props.get(key)?.path;
      if (before !== undefined && before.length <= path.length) return;
      this.props.set(key, { path, category, required, ...docstring });
      if (required && docstring.standard !== undefined) this.problems.add(`${path} is required and has a @default`);
      if (!required && docstring.standard === undefined) this.problems.add(`${path} is optional and has no @default`);
    }
    this.walkValue(declaration.getType(), `${path}.`, category);
  }

  /** The props inside a prop's value: of an object, an element of an array or a record, or a union's member. */
  walkValue(type: Type, prefix: string, category: string | undefined): void {
    const element = type.isArray() || type.isReadonlyArray() ? type.getArrayElementType() : recordValue(type);
    if (type.isUnion()) for (const member of type.getUnionTypes()) this.walkValue(member, prefix, category);
    else if (element !== undefined) this.walkValue(element, prefix.replace(/\.$/, '[].'), category);
    else if (isProps(type)) this.walk(type, prefix, category);
  }
}

function recordValue(type: Type): Type | undefined {
  return type.isObject() && type.getProperties().length === 0 ? type.getStringIndexType() : undefined;
}

/** Whether an object consists of props only: not a class, and without methods, unlike a secret. */
function isProps(type: Type): boolean {
  const declarations = type.getProperties().flatMap((property) => property.getDeclarations());
  return type.isObject() && declarations.length > 0 && declarations.every(Node.isPropertySignature);
}

function categoryOf(of: Type | Node): string | undefined {
  const nodes = of instanceof Node ? [of] : [of.getAliasSymbol(), of.getSymbol()].flatMap((s) => s?.getDeclarations());
  return nodes
    .filter((node): node is Node & JSDocableNode => node !== undefined && Node.isJSDocable(node))
    .map(readCategory)
    .find((category) => category !== undefined);
}
