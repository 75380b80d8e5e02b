import { type Node, type Symbol as Property, type Type, ts } from 'ts-morph';

/** A JSON Schema, as far as types need it. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/**
 * Writes types as JSON Schema (draft 2020-12). Docstrings become descriptions. Interfaces and named objects are definitions.
 * Objects refuse further properties, as the compiler does: a schema describes what this version prints.
 */
export class Schemas {
  private readonly definitions = new Map<string, Schema>();

  /** @param at where the types are looked up */
  constructor(private readonly at: Node) {}

  /** The definitions of all types that were written, by name. */
  get named(): Readonly<Record<string, Schema>> {
    return Object.fromEntries([...this.definitions].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** @throws Error for a type that JSON does not have, such as a function */
  of(type: Type): Schema {
    if (type.isUnknown()) return {};
    if (type.isNull()) return { type: 'null' };
    if (type.isBoolean()) return { type: 'boolean' };
    if (type.isString()) return { type: 'string' };
    if (type.isNumber()) return { type: 'number' };
    if (type.isBooleanLiteral()) return { const: type.getText() === 'true' };
    if (type.isLiteral()) return { const: type.getLiteralValueOrThrow() };
    if (type.isUnion()) return this.ofUnion(type);
    if (type.isTuple()) {
      const items = type.getTupleElements().map((one) => this.of(one));
      return { type: 'array', prefixItems: items, minItems: items.length, items: false };
    }
    if (type.isArray() || type.isReadonlyArray())
      return { type: 'array', items: this.of(type.getArrayElementTypeOrThrow()) };
    if (type.isObject() || type.isIntersection()) return this.ofObject(type);
    throw new Error(`JSON has no ${type.getText()}`);
  }

  private ofUnion(type: Type): Schema {
    const parts = type.getUnionTypes().filter((one) => !one.isUndefined());
    // The compiler splits boolean into true and false.
    const others = parts.filter((one) => !one.isBooleanLiteral());
    const booleans = parts.length - others.length;
    const flags =
      booleans === 2 ? [{ type: 'boolean' }] : parts.filter((one) => one.isBooleanLiteral()).map((one) => this.of(one));
    // The compiler's own order depends on what it read before.
    const literals = others
      .filter((one) => one.isLiteral())
      .map((one) => one.getLiteralValueOrThrow())
      .toSorted();
    const rest = others
      .filter((one) => !one.isLiteral())
      .map((one) => this.of(one))
      .toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    const choice = literals.length === 1 ? [{ const: literals[0] }] : literals.length === 0 ? [] : [{ enum: literals }];
    const all = [...choice, ...flags, ...rest];
    return all.length === 1 && all[0] !== undefined ? all[0] : { anyOf: all };
  }

  private ofObject(type: Type): Schema {
    const values = type.getStringIndexType();
    if (values !== undefined) return { type: 'object', additionalProperties: this.of(values) };
    if (type.getCallSignatures().length > 0) throw new Error(`JSON has no ${type.getText()}`);
    const symbol = type.getAliasSymbol() ?? type.getSymbol();
    const name = symbol?.getName() ?? '__type';
    // `Pick<…>` and intersections have no name of their own.
    if (symbol === undefined || name.startsWith('__') || type.getAliasTypeArguments().length > 0)
      return this.properties(type);
    if (!this.definitions.has(name)) {
      // A type may hold itself.
      this.definitions.set(name, {});
      this.definitions.set(name, { ...described(symbol), ...this.properties(type) });
    }
    return { $ref: `#/$defs/${name}` };
  }

  private properties(type: Type): Schema {
    const all = type.getProperties();
    return {
      type: 'object',
      properties: Object.fromEntries(
        all.map((one) => [one.getName(), { ...described(one), ...this.of(one.getTypeAtLocation(this.at)) }]),
      ),
      required: all.filter((one) => !one.isOptional()).map((one) => one.getName()),
      additionalProperties: false,
    };
  }
}

/** The docstring of a type or property, in one paragraph. */
export function described(symbol: Property): Schema {
  const text = ts.displayPartsToString(symbol.compilerSymbol.getDocumentationComment(undefined));
  return text === '' ? {} : { description: text.replace(/\s+/g, ' ') };
}
