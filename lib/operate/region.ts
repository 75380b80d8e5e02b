/** @throws Error if neither the AWS settings nor the stack name a region */
export async function requireRegion(client: { readonly config: { region(): Promise<string> } }): Promise<void> {
  await client.config.region().catch(() => {
    throw new Error('the region must be set: in AWS_REGION, in the AWS profile, or in env of the stack');
  });
}
