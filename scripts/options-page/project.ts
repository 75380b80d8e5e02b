import { Project, ts } from 'ts-morph';

/**
 * The library's sources with their types. Packages are not resolved: the declarations of aws-cdk-lib would take ten seconds
 * to read, and none of its types is a prop of ours.
 */
export function libraryProject(folder: string): Project {
  const project = new Project({
    compilerOptions: { target: ts.ScriptTarget.ES2023, module: ts.ModuleKind.CommonJS, strict: true },
    resolutionHost: (host, options) => ({
      resolveModuleNames: (names, from) =>
        names.map((name) =>
          name.startsWith('.') ? ts.resolveModuleName(name, from, options(), host).resolvedModule : undefined,
        ),
    }),
  });
  project.addSourceFilesAtPaths(`${folder}/**/*.ts`);
  return project;
}
