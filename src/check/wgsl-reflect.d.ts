// The package's "main" is CommonJS under "type": "module", which node cannot load; this is the file that it can.
declare module "wgsl_reflect/wgsl_reflect.module.js" {
  export * from "wgsl_reflect";
}
