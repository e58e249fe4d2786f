"use strict";
// The explorer of Customer Hub. It talks to the server that it came from and to nothing else.

const $ = (id) => document.getElementById(id);
const endpoint = new URL("graphql", location.href);

// element makes a node; text is never taken for HTML.
function element(tag, properties = {}, ...children) {
  const e = Object.assign(document.createElement(tag), properties);
  e.append(...children);
  return e;
}

/* ---- what is kept: for this tab only, until it is closed ---- */

const kept = ["key", "organisation", "query", "variables"];
function keep() {
  for (const name of kept) sessionStorage.setItem("hub." + name, $(name).value);
}
function recall() {
  for (const name of kept) {
    const value = sessionStorage.getItem("hub." + name);
    if (value !== null) $(name).value = value;
  }
  // A key handed over in the fragment, which browsers send nowhere, leaves the address bar and the history at once.
  const handed = new URLSearchParams(location.hash.slice(1));
  for (const name of ["key", "organisation"]) if (handed.get(name)) $(name).value = handed.get(name);
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
}

/* ---- examples ---- */

const examples = [
  ["List customers", `# Companies in use, by name. Press Ctrl-Enter.
query Customers($filter: CustomerFilter, $after: Cursor) {
  customers(filter: $filter, first: 10, after: $after) {
    totalCount
    nodes {
      id
      version
      number
      name
      businessId
      email
      addresses { kind line1 postcode city }
    }
    pageInfo { hasNextPage endCursor }
  }
}`, { filter: { kind: "COMPANY", status: "ACTIVE" } }],
  ["Search", `query Search($text: String!) {
  customers(filter: { text: $text }, first: 20) {
    nodes { number name businessId status }
  }
}`, { text: "oy" }],
  ["One customer with everything", `query Customer($by: CustomerLookup!) {
  customer(by: $by) {
    id
    version
    number
    name
    kind
    status
    masked
    businessId
    businessIdValid
    phone { raw e164 }
    billingEmails
    einvoiceAddresses { kind address operator office { name } }
    addresses { kind name line1 postcode city country derived }
    offices { name identifier active address { line1 city } }
    contacts { roles title isDefault person { firstName lastName emails } }
    links { externalId state reason lastSyncedAt system { name kind } }
    changes(first: 5) {
      items { sequence at kind fields { field before after } actor { kind name } }
    }
  }
}`, { by: { id: "CUSTOMER" } }],
  ["Update, with the version you saw", `# The customer is the one you saw last. Absent fields keep, null clears.
mutation Update($input: UpdateCustomerInput!) {
  updateCustomer(input: $input) {
    customer { id version name email language }
    userErrors { code message path details { currentVersion changedFields } }
  }
}`, { input: { id: "CUSTOMER", expectedVersion: "VERSION", patch: { email: "laskut@example.test", language: "fi" } } }],
  ["Create a customer", `mutation Create($input: CreateCustomerInput!) {
  createCustomer(input: $input) {
    customer { id version number name }
    userErrors { code message path }
  }
}`, { input: { kind: "COMPANY", name: "Esimerkki Oy", language: "fi", billingAddress: { line1: "Esimerkkikatu 1", postcode: "00100", city: "Helsinki" }, idempotencyKey: "example-1" } }],
  ["Add an office", `# Without officeId an office is added; with it, the office is altered. Absent fields keep, null clears.
mutation Office($input: UpsertOfficeInput!) {
  upsertOffice(input: $input) {
    office { id name identifier active address { line1 postcode city } }
    customer { id version }
    userErrors { code message path }
  }
}`, { input: { customerId: "CUSTOMER", patch: { name: "Lahden toimipiste", identifier: "LAH", address: { line1: "Esimerkkikatu 1", postcode: "15100", city: "Lahti" } }, idempotencyKey: "example-office-1" } }],
  ["Add a contact", `# A person may be a contact of many customers: name an existing one by personId instead of person.
mutation Contact($input: LinkContactInput!) {
  linkContact(input: $input) {
    contact { title roles isDefault person { id firstName lastName emails customers { customer { name } } } }
    customer { id version }
    userErrors { code message path }
  }
}`, { input: { customerId: "CUSTOMER", person: { firstName: "Aino", lastName: "Malli", emails: ["aino@example.test"] }, title: "Talousjohtaja", roles: ["BILLING"], idempotencyKey: "example-contact-1" } }],
  ["Where values came from", `query Origins($by: CustomerLookup!) {
  customer(by: $by) {
    name
    kyc { state riskClass requiresActions isOverdue }
    customFields { key type date decimal text option }
    responsible { kind name }
    provenance { field value decidedBy observedAt source { kind system { name } } alternatives { value source { kind } } }
    links { state reason system { name } }
  }
}`, { by: { id: "CUSTOMER" } }],
  ["Follow changes", `# Runs until you press Stop. Change a customer elsewhere and watch.
subscription Follow {
  customerChanged {
    __typename
    ... on CustomerChange {
      change {
        sequence
        cursor
        kind
        fields { field before after }
        actor { name }
      }
      customer { number name version }
    }
    ... on Heartbeat { newestSequence cursor }
    ... on Lagged { missed cursor }
    ... on SnapshotRequired { cursor }
  }
}`, null],
  ["Systems and their runs", `query Systems {
  systems {
    id
    name
    kind
    state
    health
    freshness
    nextDueAt
    fault { code message since }
    lastRun { id kind state done total counts { created updated unchanged failed } }
  }
  runs(first: 5) { nodes { id kind state done total createdAt finishedAt } }
}`, null],
  ["Run a sync", `# After the example before, the system is filled in; the next one follows the run.
mutation Sync($input: SyncNowInput!) {
  syncNow(input: $input) {
    run { id kind state }
    userErrors { code message path }
  }
}`, { input: { system: "SYSTEM", full: false } }],
  ["Follow a run", `subscription Progress($run: ID!) {
  runProgress(run: $run) {
    state
    done
    total
    counts { read created updated unchanged failed }
    fault { code message }
  }
}`, { run: "RUN" }],
  ["Who am I", `query Me {
  viewer {
    actor { kind name }
    scopes
    organisation { id name }
    organisations { id name }
  }
}`, null],
];

// seen is what answers showed last, so that examples can go on with it.
const seen = {};

function remember(value, name = "") {
  if (!value || typeof value !== "object") return;
  if (typeof value.id === "string") {
    if (typeof value.version === "number") Object.assign(seen, { CUSTOMER: value.id, VERSION: value.version });
    else if (name === "systems") seen.SYSTEM = value.id;
    else if (name === "run" || name === "lastRun") seen.RUN = value.id;
  }
  // The first of a list is what the eye falls on.
  const inner = Array.isArray(value) ? value.slice(0, 1).map((v) => [name, v]) : Object.entries(value);
  for (const [key, v] of inner) remember(v, key);
}

function showExample(i) {
  const [, query, variables] = examples[i];
  setText($("query"), query);
  const fill = (_, v) => (typeof v === "string" && v in seen ? seen[v] : v);
  setText($("variables"), variables ? JSON.stringify(variables, fill, 2) : "");
}

/* ---- editors ---- */

function setText(area, text) {
  area.value = text;
  area.dispatchEvent(new Event("input"));
}

// type inserts text as if it were typed, so that undo works.
function type(area, text) {
  area.focus();
  if (!document.execCommand("insertText", false, text)) area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
  area.dispatchEvent(new Event("input"));
}

function editor(area) {
  const lines = area.previousElementSibling;
  let leaving = false;
  area.addEventListener("input", () => {
    const count = area.value.split("\n").length;
    lines.textContent = Array.from({ length: count }, (_, i) => i + 1).join("\n");
    keep();
  });
  area.addEventListener("scroll", () => { lines.scrollTop = area.scrollTop; });
  area.addEventListener("keydown", (e) => {
    if (e.key === "Escape") { leaving = true; return; }
    if (e.key === "Tab" && !leaving && !e.altKey && !e.ctrlKey && !e.metaKey) {
      e.preventDefault();
      e.shiftKey ? outdent(area) : indent(area);
    } else if (e.key === "Enter" && !e.ctrlKey && !e.metaKey) {
      e.preventDefault();
      newLine(area);
    } else if ((e.key === "}" || e.key === ")" || e.key === "]") && /^ +$/.test(lineBefore(area)) && area.selectionStart === area.selectionEnd) {
      e.preventDefault();
      area.setSelectionRange(area.selectionStart - Math.min(2, lineBefore(area).length), area.selectionEnd);
      type(area, e.key);
    }
    if (e.key !== "Shift") leaving = false;
  });
}

function lineBefore(area) {
  const before = area.value.slice(0, area.selectionStart);
  return before.slice(before.lastIndexOf("\n") + 1);
}

// newLine keeps the indent, deepens it after an opening bracket, and sets a closing one on a line of its own.
function newLine(area) {
  const line = lineBefore(area);
  const indent = line.match(/^ */)[0];
  if (!/[{(\[]\s*$/.test(line)) return type(area, "\n" + indent);
  const closes = /^[ \t]*[})\]]/.test(area.value.slice(area.selectionEnd));
  if (closes) area.setSelectionRange(area.selectionStart, area.selectionEnd + area.value.slice(area.selectionEnd).match(/^[ \t]*/)[0].length);
  type(area, "\n" + indent + "  " + (closes ? "\n" + indent : ""));
  if (closes) {
    const at = area.selectionStart - indent.length - 1;
    area.setSelectionRange(at, at);
  }
}

// wholeLines widens the selection to whole lines and gives their text.
function wholeLines(area) {
  const start = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  area.setSelectionRange(start, Math.max(area.selectionEnd, start));
  return area.value.slice(start, area.selectionEnd);
}

function indent(area) {
  if (area.selectionStart === area.selectionEnd) return type(area, "  ");
  const from = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
  const text = wholeLines(area).replace(/^/gm, "  ");
  type(area, text);
  area.setSelectionRange(from, from + text.length);
}

function outdent(area) {
  const caret = area.selectionStart, single = caret === area.selectionEnd;
  if (single) area.setSelectionRange(caret, area.value.indexOf("\n", caret) < 0 ? area.value.length : area.value.indexOf("\n", caret));
  const old = wholeLines(area), from = area.selectionStart;
  const text = old.replace(/^ {1,2}/gm, "");
  type(area, text);
  single ? area.setSelectionRange(Math.max(from, caret - (old.length - text.length)), Math.max(from, caret - (old.length - text.length)))
    : area.setSelectionRange(from, from + text.length);
}

// tokens splits a document, so that brackets inside strings and comments are left alone.
const token = /"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|#[^\n]*|[{}()[\]]|\n|[^\s"#{}()[\]]+|[^\S\n]+/g;

// tidy indents each line by the brackets that are open before it.
function tidy(text) {
  let depth = 0;
  return text.split("\n").map((line) => {
    const brackets = (line.match(token) || []).filter((t) => /^[{}()[\]]$/.test(t));
    const closing = (line.trim().match(/^[})\]]+/) || [""])[0].length;
    const indent = Math.max(0, depth - closing);
    for (const b of brackets) depth += "{([".includes(b) ? 1 : -1;
    return line.trim() ? "  ".repeat(indent) + line.trim() : "";
  }).join("\n").replace(/\n{3,}/g, "\n\n").trim();
}

/* ---- the operations of a document ---- */

// operationsOf finds the operations at the top level of a document.
function operationsOf(text) {
  const found = [];
  let depth = 0, previous = "";
  for (const t of text.match(token) || []) {
    if (/^\s+$/.test(t) || t.startsWith("#")) continue;
    if ("{([".includes(t)) {
      if (depth === 0 && t === "{" && (previous === "" || previous === "}")) found.push({ kind: "query", name: "" });
      depth++;
    } else if ("})]".includes(t)) depth--;
    else if (depth === 0 && /^(query|mutation|subscription)$/.test(t) && (previous === "" || previous === "}")) found.push({ kind: t, name: "" });
    else if (depth === 0 && found.length && /^(query|mutation|subscription)$/.test(previous)) found[found.length - 1].name = t.replace(/[^\w].*/, "");
    previous = t;
  }
  return found;
}

function listOperations() {
  const found = operationsOf($("query").value);
  const chosen = $("operations").value;
  $("operations").replaceChildren(...found.map((o) => element("option", { value: o.name, textContent: `${o.kind} ${o.name}` })));
  if (found.some((o) => o.name === chosen)) $("operations").value = chosen;
  $("operations-label").hidden = found.length < 2;
}

function chosenOperation() {
  const found = operationsOf($("query").value);
  return found.length > 1 ? found.find((o) => o.name === $("operations").value) || found[0] : found[0];
}

/* ---- JSON ---- */

// colour writes JSON as nodes with a class per kind of value.
function colour(value) {
  const out = document.createDocumentFragment();
  const text = JSON.stringify(value, null, 2);
  const part = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
  let at = 0;
  for (const m of text.matchAll(part)) {
    out.append(text.slice(at, m.index));
    const kind = m[2] ? "j-name" : m[1] ? "j-string" : m[3] ? "j-word" : "j-number";
    out.append(element("span", { className: kind, textContent: m[1] || m[0] }));
    if (m[2]) out.append(m[2]);
    at = m.index + m[0].length;
  }
  out.append(text.slice(at));
  return out;
}

function readVariables() {
  const text = $("variables").value.trim();
  $("variables-state").textContent = "";
  if (!text) return {};
  try {
    const value = JSON.parse(text);
    if (value && typeof value === "object" && !Array.isArray(value)) return value;
    $("variables-state").textContent = "has to be an object";
  } catch (e) {
    $("variables-state").textContent = e.message;
  }
  return null;
}

/* ---- running ---- */

let running = null; // what Stop ends

function setStatus(text, kind = "") {
  $("status").textContent = text;
  $("status").className = kind;
}

function credentials() {
  const out = {};
  if ($("key").value.trim()) out["Authorization"] = "Bearer " + $("key").value.trim();
  if ($("organisation").value.trim()) out["Hub-Organisation"] = $("organisation").value.trim();
  return out;
}

async function post(body, signal) {
  const answer = await fetch(endpoint, {
    method: "POST", signal, cache: "no-store",
    headers: { "Content-Type": "application/json", "Accept": "application/graphql-response+json, application/json;q=0.9", ...credentials() },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  let json;
  try { json = JSON.parse(text); } catch { json = { errors: [{ message: `HTTP ${answer.status}: ${text.slice(0, 200)}` }] }; }
  return { status: answer.status, size: text.length, json };
}

function run() {
  stop();
  const operation = chosenOperation();
  const variables = readVariables();
  if (!operation) return setStatus("There is no operation to run.", "bad");
  if (variables === null) return setStatus("The variables are not a JSON object.", "bad");
  const body = { query: $("query").value, variables };
  if (operation.name) body.operationName = operation.name;
  operation.kind === "subscription" ? follow(body) : ask(body);
}

async function ask(body) {
  const abort = new AbortController();
  running = () => abort.abort();
  $("stop").hidden = false;
  $("events").hidden = true;
  $("result").hidden = false;
  setStatus("running…");
  const began = performance.now();
  try {
    const answer = await post(body, abort.signal);
    const took = Math.round(performance.now() - began);
    const size = answer.size < 10240 ? `${answer.size} B` : `${Math.round(answer.size / 1024)} KiB`;
    setStatus(`${answer.status} · ${took} ms · ${size}`, answer.json.errors ? "bad" : "good");
    $("result").replaceChildren(colour(answer.json));
    remember(answer.json.data);
  } catch (e) {
    setStatus(e.name === "AbortError" ? "stopped" : "The server does not answer.", "bad");
  } finally {
    if (running) { running = null; $("stop").hidden = true; }
  }
}

const maxEvents = 200;

// follow speaks graphql-transport-ws for one subscription.
function follow(body) {
  const url = new URL(endpoint);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url, "graphql-transport-ws");
  const send = (message) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
  let count = 0, over = false;
  const end = (text, kind) => {
    if (over) return;
    over = true;
    running = null;
    $("stop").hidden = true;
    setStatus(`${text} · ${count} event${count === 1 ? "" : "s"}`, kind);
    socket.close(1000);
  };
  running = () => { send({ id: "1", type: "complete" }); end("stopped"); };
  $("stop").hidden = false;
  $("result").hidden = true;
  $("events").hidden = false;
  $("events").replaceChildren(element("li", { className: "empty", textContent: "Waiting for events…" }));
  setStatus("connecting…");
  socket.onopen = () => send({ type: "connection_init", payload: credentials() });
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "connection_ack") { send({ id: "1", type: "subscribe", payload: body }); setStatus("following", "good"); }
    else if (message.type === "ping") send({ type: "pong" });
    else if (message.type === "next") { addEvent(message.payload, ++count); setStatus(`following · ${count}`, "good"); }
    else if (message.type === "error") { addEvent({ errors: message.payload }, ++count); end("ended with an error", "bad"); }
    else if (message.type === "complete") end("completed", "good");
  };
  socket.onclose = (e) => {
    if (!over && $("events").querySelector(".empty")) $("events").replaceChildren();
    end(e.code === 1000 ? "closed" : `closed ${e.code}${e.reason ? ": " + e.reason : ""}`, e.code === 1000 ? "" : "bad");
  };
}

// summary says in a line what an event is about.
function summary(payload) {
  if (payload.errors) return payload.errors.map((e) => e.message).join(" · ");
  const value = Object.values(payload.data || {})[0] || {};
  const change = value.change;
  if (change) return [change.kind, value.customer && value.customer.name].filter(Boolean).join(" · ");
  if (value.state) return [value.state, value.total ? `${value.done} / ${value.total}` : value.done].join(" · ");
  return value.__typename || "event";
}

function addEvent(payload, number) {
  const list = $("events");
  const waiting = list.querySelector(".empty");
  if (waiting) waiting.remove();
  const now = new Date();
  const details = element("details", {},
    element("summary", {}, element("time", { textContent: now.toLocaleTimeString(), dateTime: now.toISOString() }), `#${number}`,
      element("span", { textContent: summary(payload), className: payload.errors ? "bad-text" : "" })),
    element("pre", {}, colour(payload)));
  details.open = number === 1 || Boolean(payload.errors);
  list.prepend(element("li", {}, details));
  while (list.children.length > maxEvents) list.lastElementChild.remove();
}

function stop() {
  if (running) { const end = running; running = null; end(); }
  $("stop").hidden = true;
}

/* ---- who asks ---- */

let asked = 0;
async function whoAmI() {
  keep();
  const mine = ++asked;
  const say = (text, kind) => { if (mine === asked) { $("who").textContent = text; $("who").className = kind; $("who").title = text; } };
  if (!$("key").value.trim()) return say("Enter an API key to begin.", "");
  try {
    const { json } = await post({ query: "{ viewer { actor { name } organisation { name } } }" });
    if (json.errors) return say(json.errors[0].message, "bad");
    say(`${json.data.viewer.actor.name} in ${json.data.viewer.organisation.name}`, "good");
    if (mine === asked) await loadSchema();
  } catch { say("The server does not answer.", "bad"); }
}

/* ---- documentation ---- */

const introspection = `query Schema { __schema {
  queryType { name } mutationType { name } subscriptionType { name }
  types { kind name description
    fields(includeDeprecated: true) { name description isDeprecated deprecationReason args { ...value } type { ...ref } }
    inputFields { ...value } interfaces { name } possibleTypes { name }
    enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason } } } }
fragment value on __InputValue { name description defaultValue type { ...ref } }
fragment ref on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }`;

let schema = null;
const visited = [];

async function loadSchema() {
  if (schema) return;
  const { json } = await post({ query: introspection });
  if (!json.data) return $("page").replaceChildren(element("p", { className: "empty", textContent: json.errors[0].message }));
  const s = json.data.__schema;
  schema = { types: new Map(s.types.filter((t) => !t.name.startsWith("__")).map((t) => [t.name, t])) };
  schema.roots = [s.queryType, s.mutationType, s.subscriptionType].filter(Boolean).map((t) => t.name);
  showRoots();
}

// described turns a description into paragraphs with code in it.
function described(text, first = false) {
  if (!text) return [];
  const paragraphs = text.split(/\n\s*\n/);
  return (first ? paragraphs.slice(0, 1) : paragraphs).map((p) =>
    element("p", {}, ...p.replace(/\n/g, " ").split("`").map((s, i) => (i % 2 ? element("code", { textContent: s }) : s))));
}

function link(text, className, action) {
  const a = element("a", { textContent: text, className, href: "#" });
  a.addEventListener("click", (e) => { e.preventDefault(); action(); });
  return a;
}

function typeName(ref) {
  if (ref.kind === "NON_NULL") return [...typeName(ref.ofType), "!"];
  if (ref.kind === "LIST") return ["[", ...typeName(ref.ofType), "]"];
  return [link(ref.name, "type", () => visit(ref.name))];
}

function typed(v) {
  return [v.name, ": ", ...typeName(v.type), v.defaultValue ? " = " + v.defaultValue : ""];
}

function item(sign, description, extra = []) {
  return element("li", {}, element("div", { className: "sign" }, ...sign), ...described(description), ...extra);
}

function fieldItem(f) {
  const args = f.args && f.args.length
    ? [element("ul", { className: "argument" }, ...f.args.map((a) => item(typed(a), a.description)))] : [];
  const old = f.isDeprecated ? [element("p", { className: "bad-text", textContent: "Deprecated: " + (f.deprecationReason || "") })] : [];
  return item([f.name, f.args && f.args.length ? "(…)" : "", ": ", ...typeName(f.type)], f.description, [...old, ...args]);
}

function section(title, items) {
  return items.length ? [element("h4", { textContent: title }), element("ul", {}, ...items)] : [];
}

function showRoots() {
  $("page").replaceChildren(
    element("h3", { textContent: "Schema" }),
    element("p", { textContent: "Begin with what can be read, altered and followed, or search." }),
    ...schema.roots.flatMap((name) => section(name, schema.types.get(name).fields.map((f) =>
      element("li", {}, element("div", { className: "sign" }, link(f.name, "field", () => visit(name, f.name)), ": ", ...typeName(f.type)),
        ...described(f.description, true))))));
}

function showType(name, field) {
  const t = schema.types.get(name);
  const named = (list) => (list || []).map((x) => element("li", {}, element("div", { className: "sign" }, link(x.name, "type", () => visit(x.name)))));
  const fields = (t.fields || []).filter((f) => !field || f.name === field);
  $("page").replaceChildren(
    element("h3", { textContent: field ? `${name}.${field}` : name }),
    ...(field ? [] : described(t.description)),
    ...section("Fields", fields.map(fieldItem)),
    ...(field ? [element("p", {}, link("All of " + name, "type", () => visit(name)))] : []),
    ...section("Members", (t.inputFields || []).map((v) => item(typed(v), v.description))),
    ...section("Values", (t.enumValues || []).map((v) => item([v.name], v.description))),
    ...(field ? [] : [...section("One of", named(t.possibleTypes)), ...section("Is a", named(t.interfaces))]));
  $("page").scrollTop = 0;
}

// visit shows a type, or one of its fields, and remembers the way back.
function visit(name, field) {
  visited.push([name, field]);
  $("search").value = "";
  show();
}

function show() {
  $("back").disabled = visited.length === 0;
  visited.length ? showType(...visited[visited.length - 1]) : showRoots();
}

function search(text) {
  if (!schema) return;
  const wanted = text.trim().toLowerCase();
  if (!wanted) return show();
  const hits = [];
  for (const t of schema.types.values()) {
    if (t.name.toLowerCase().includes(wanted)) hits.push([t.name.toLowerCase() === wanted ? 0 : 1, t.name, undefined, t.description]);
    for (const f of [...(t.fields || []), ...(t.inputFields || []), ...(t.enumValues || [])])
      if (f.name.toLowerCase().includes(wanted)) hits.push([f.name.toLowerCase() === wanted ? 1 : 2, t.name, f.name, f.description]);
  }
  hits.sort((a, b) => a[0] - b[0]);
  $("page").replaceChildren(
    element("h3", { textContent: hits.length ? `${hits.length} found` : "Nothing found" }),
    element("ul", {}, ...hits.slice(0, 80).map(([, type, field, description]) => element("li", {},
      element("div", { className: "sign" }, link(field ? `${type}.${field}` : type, "type",
        () => visit(type, (schema.types.get(type).fields || []).some((f) => f.name === field) ? field : undefined))),
      ...described(description, true)))));
}

/* ---- begin ---- */

editor($("query"));
editor($("variables"));
recall();
$("examples").replaceChildren(...examples.map(([name], i) => element("option", { value: i, textContent: name })));
$("examples").addEventListener("change", () => showExample(Number($("examples").value)));
$("query").addEventListener("input", listOperations);
$("variables").addEventListener("input", readVariables);
$("format").addEventListener("click", () => {
  setText($("query"), tidy($("query").value));
  const variables = readVariables();
  if (variables && $("variables").value.trim()) setText($("variables"), JSON.stringify(variables, null, 2));
});
$("run").addEventListener("click", run);
$("stop").addEventListener("click", stop);
document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) { e.preventDefault(); run(); }
});
for (const name of ["key", "organisation"]) $(name).addEventListener("change", whoAmI);
$("access").addEventListener("submit", (e) => { e.preventDefault(); whoAmI(); });
$("search").addEventListener("input", () => search($("search").value));
$("back").addEventListener("click", () => { visited.pop(); show(); });
$("query").value.trim() ? setText($("query"), $("query").value) : showExample(0);
setText($("variables"), $("variables").value);
$("result").append(element("span", { className: "empty", textContent: "The answer appears here." }));
$("page").append(element("p", { className: "empty", textContent: "The documentation appears once a key is entered." }));
whoAmI();
