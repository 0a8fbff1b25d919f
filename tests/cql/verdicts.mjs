// node verdicts.mjs ELM-FOLDER CASES.jsonl: what CQL libraries say of patients. A line in: {library, expressions, bundles}, each
// bundle one patient with an id. A line out: {patient id: {expression: value}}.
import {readFileSync, readdirSync} from "node:fs";
import {join} from "node:path";
import cql from "cql-execution";
import fhir from "cql-exec-fhir";

const [folder, cases] = process.argv.slice(2);
const elm = readdirSync(folder).map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")));
const repository = new cql.Repository(elm);
const executors = new Map();
const source = fhir.PatientSource.FHIRv401(); // reads its model when it is made, which takes longer than a patient

function executor(name) {
  if (!executors.has(name)) {
    const own = elm.find((one) => one.library.identifier.id === name);
    executors.set(name, new cql.Executor(new cql.Library(own, repository), new cql.CodeService({})));
  }
  return executors.get(name);
}

for (const line of readFileSync(cases, "utf8").trim().split("\n")) {
  const {library, expressions, bundles} = JSON.parse(line);
  const found = {};
  for (const expression of expressions) {
    source.reset();
    source.loadBundles(bundles);
    const results = (await executor(library).exec_expression(expression, source)).patientResults;
    for (const [patient, values] of Object.entries(results)) (found[patient] ??= {})[expression] = values[expression] ?? null;
  }
  console.log(JSON.stringify(found));
}
