// node translate.mjs FROM.cql TO.json: CQL to ELM. Exit status 1 and every error, where there is one.
import {readFileSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {dirname, join} from "node:path";
import {CqlTranslator, LibraryManager, ModelManager, createModelInfoProvider, stringAsSource} from "@cqframework/cql/cql-to-elm";

const fhir = join(dirname(createRequire(import.meta.url).resolve("cql-exec-fhir")), "modelInfos", "fhir-modelinfo-4.0.1.xml");
const models = {FHIR: fhir, System: join(import.meta.dirname, "system-types.xml")};
const [from, to] = process.argv.slice(2);
const manager = new ModelManager();
manager.modelInfoLoader.registerModelInfoProvider(
  createModelInfoProvider((name) => (models[name] ? stringAsSource(readFileSync(models[name], "utf8")) : null)),
);
const elm = CqlTranslator.fromText(readFileSync(from, "utf8"), new LibraryManager(manager)).toJson();
const errors = JSON.parse(elm).library.annotation.filter((note) => note.errorSeverity === "error");
for (const error of errors) console.error(`${from}:${error.startLine}: ${error.message}`);
if (errors.length) process.exit(1);
writeFileSync(to, elm);
