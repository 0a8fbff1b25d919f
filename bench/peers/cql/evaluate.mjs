// The rules of one ELM library over the prefetch of a CDS Hooks request.
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import cql from "cql-execution";
import fhir from "cql-exec-fhir";

const require = createRequire(import.meta.url);
const VERDICTS = new Map([[true, "applies"], [false, "does_not_apply"], [null, "cannot_tell"]]);

export const versions = () => ({
  "cql-execution": require("cql-execution/package.json").version,
  "cql-exec-fhir": require("cql-exec-fhir/package.json").version,
  node: process.versions.node,
});

export function evaluator(file) {
  const executor = new cql.Executor(new cql.Library(JSON.parse(readFileSync(file, "utf8"))), new cql.CodeService({}));
  const free = []; // a source reads its model when it is made, which takes longer than a patient: they are used again
  // Verdict by rule; nothing for a patient without ALL.
  return async (request) => {
    const source = free.pop() ?? fhir.PatientSource.FHIRv401();
    source.reset();
    source.loadBundles([bundle(request.prefetch)]);
    const results = (await executor.exec(source)).patientResults;
    free.push(source);
    const found = results[Object.keys(results)[0]] ?? {};
    if (!found["Has ALL"]) return {};
    const rules = Object.entries(found).filter(([name]) => name.startsWith("bench-"));
    return Object.fromEntries(rules.map(([name, value]) => [name, VERDICTS.get(value ?? null)]));
  };
}

function bundle(prefetch) {
  const resources = Object.values(prefetch).flatMap((value) =>
    value?.resourceType === "Bundle" ? value.entry.map((entry) => entry.resource) : value ? [value] : [],
  );
  return {resourceType: "Bundle", type: "collection", entry: resources.map((resource) => ({resource}))};
}
