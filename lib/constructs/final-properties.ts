import {
  CfnResource,
  DefaultTokenResolver,
  type IPostProcessor,
  type IResolvable,
  type IResolveContext,
  Reference,
  Tokenization,
} from 'aws-cdk-lib';
import { replacingNames } from '../plan/change/replacing';

/** A resource in the template. */
interface Definition {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/**
 * The properties of a resource whose change replaces or restarts it, as they are in the template; and those of the resources they
 * refer to, since a replaced resource has a new id. Call it while the template is written, after all aspects.
 *
 * Does not follow references in user-data: their values are known only at deploy time.
 */
export function replacingProperties(resource: CfnResource): readonly Definition[] {
  const found: Definition[] = [];
  const todo = new Set([resource]);
  // Iterating over a set includes elements added meanwhile, and visits each resource once.
  for (const one of todo) {
    const { Type, Properties = {}, targets } = describe(one);
    const names = replacingNames(Type, Properties);
    const picked = Object.fromEntries(names.filter((n) => n in Properties).map((n) => [n, Properties[n]]));
    found.push({ Type, Properties: picked });
    const { UserData: _, ...followed } = picked;
    for (const id of logicalIdsIn(followed)) {
      const target = targets.get(id);
      if (target !== undefined) todo.add(target);
    }
  }
  return found;
}

/** A resource's properties as they are in the template. Call it while the template is written. */
export function finalProperties(resource: CfnResource): Readonly<Record<string, unknown>> {
  return describe(resource).Properties ?? {};
}

/** A resource's definition, and the resources it refers to, by logical id. */
function describe(resource: CfnResource): Definition & { readonly targets: ReadonlyMap<string, CfnResource> } {
  const resolver = new ReferenceCollector();
  const { Resources = {} } = Tokenization.resolve(resource._toCloudFormation(), {
    scope: resource,
    resolver,
    preparing: false,
  }) as { Resources?: Record<string, Definition> };
  const [definition = { Type: resource.cfnResourceType }] = Object.values(Resources);
  return { ...definition, targets: resolver.targets };
}

/** Resolves tokens as for a template, and records the resources that they refer to. */
class ReferenceCollector extends DefaultTokenResolver {
  readonly targets = new Map<string, CfnResource>();

  constructor() {
    super({ join: (left, right) => ({ 'Fn::Join': ['', [left, right]] }) });
  }

  override resolveToken(token: IResolvable, context: IResolveContext, postProcessor: IPostProcessor): unknown {
    const resolved: unknown = super.resolveToken(token, context, postProcessor);
    if (Reference.isReference(token) && CfnResource.isCfnResource(token.target))
      for (const id of logicalIdsIn(resolved)) this.targets.set(id, token.target);
    return resolved;
  }
}

/** The logical ids in every `Ref` and `Fn::GetAtt`, at any depth. */
function logicalIdsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === 'Ref' && typeof inner === 'string') return [inner];
    if (key === 'Fn::GetAtt' && Array.isArray(inner)) return [String(inner[0])];
    return logicalIdsIn(inner);
  });
}
