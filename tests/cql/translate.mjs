// node translate.mjs FOLDER TO: every .cql file of a folder to ELM as JSON. Exit status 1 and every error, where there is one.
import {existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join} from "node:path";
import {
  CqlTranslator,
  LibraryManager,
  ModelManager,
  createLibrarySourceProvider,
  createModelInfoProvider,
  stringAsSource,
} from "@cqframework/cql/cql-to-elm";

const fhir = join(dirname(createRequire(import.meta.url).resolve("cql-exec-fhir")), "modelInfos", "fhir-modelinfo-4.0.1.xml");
const models = {FHIR: fhir, System: join(import.meta.dirname, "system-types.xml")};
const [from, to] = process.argv.slice(2);
const source = (path) => (path && existsSync(path) ? stringAsSource(readFileSync(path, "utf8")) : null);
const models_of = new ModelManager();
models_of.modelInfoLoader.registerModelInfoProvider(createModelInfoProvider((name) => source(models[name])));
const libraries = new LibraryManager(models_of);
libraries.librarySourceLoader.registerProvider(createLibrarySourceProvider((name) => source(join(from, `${name}.cql`))));
mkdirSync(to, {recursive: true});
let wrong = 0;
for (const file of readdirSync(from).filter((name) => name.endsWith(".cql")).sort()) {
  const elm = CqlTranslator.fromText(readFileSync(join(from, file), "utf8"), libraries).toJson();
  const errors = JSON.parse(elm).library.annotation.filter((note) => note.errorSeverity === "error");
  for (const error of errors) console.error(`${file}:${error.startLine}: ${error.message}`);
  wrong += errors.length;
  if (!errors.length) writeFileSync(join(to, file.replace(/cql$/, "json")), elm);
}
if (wrong) process.exit(1);
