import BallastModel
import BallastUnits

/// Counts by kind and the events that are not routine.
func eventsSection(_ data: RunData) -> String {
  guard !data.eventCounts.isEmpty else { return "<p class=\"note\">Nothing was recorded.</p>" }
  let counts = data.eventCounts.map { "\(escaped($0.kind)) <b>\(count($0.count))</b>" }
    .joined(separator: " · ")
  let all = data.eventCounts.reduce(0) { $0 + $1.count }
  let rows: [[String: Any]] = data.events.map {
    [
      "time": clock($0.time), "kind": escaped($0.kind), "subject": escaped($0.subject),
      "change": escaped(
        $0.from.isEmpty ? $0.to : $0.to.isEmpty ? "from \($0.from)" : "\($0.from) → \($0.to)"),
      "detail": escaped($0.detail),
    ]
  }
  let left = all - rows.count
  return render(
    """
    <p class="facts">{{{counts}}}</p>{{#hasRows}}<div class="scroll tall" tabindex="0" role="region" \
    aria-label="Events"><table class="events"><thead><tr><th class="num">Time</th><th>Event</th>\
    <th>Subject</th><th>Change</th><th>Detail</th></tr></thead><tbody>{{#rows}}<tr>\
    <td class="num">{{{time}}}</td><td>{{{kind}}}</td><td>{{{subject}}}</td><td>{{{change}}}</td>\
    <td class="detail">{{{detail}}}</td></tr>{{/rows}}</tbody></table></div>{{/hasRows}}\
    {{#left}}<p class="note">{{{left}}}</p>{{/left}}
    """,
    [
      "counts": counts, "hasRows": !rows.isEmpty, "rows": rows,
      "left": left > 0
        ? "\(count(left)) more (power-ons at the start, workload changes, and what is beyond "
          + "\(count(RunData.eventRowsMax)) rows) are in <code>events.csv</code>." : "",
    ])
}

/// What the numbers mean, what is not modelled, and how to get them again.
func methodSection(_ data: RunData) -> String {
  let run = data.run
  let record = run.record
  let configuration: [[String: Any]] = [
    ("Scenario", record.scenario), ("Scenario SHA-256", run.scenarioSHA256),
    ("Seed", String(record.seed)), ("Run digest", hexadecimal(record.digest)),
    ("Ballast version", run.ballastVersion),
    ("Simulated", span(Double(record.simulated.milliseconds) / 1_000)),
    ("Complete", record.isComplete ? "yes" : "no, interrupted"),
  ].map { ["name": $0.0, "value": escaped($0.1)] }
  let figures: [[String: Any]] = record.summary.filter { $0.value != emptyCell }.map {
    [
      "name": escaped($0.name),
      "value": escaped(inWords($0)),
      "meaning": escaped($0.meaning),
    ]
  }
  let traces: [[String: Any]] = record.traces.map { trace in
    let quirks = trace.quirks.filter { $0.count > 0 }
      .map { "\(escaped($0.name)) \(count(Int($0.count)))" }
    return [
      "name": escaped(trace.name), "path": escaped(trace.path), "format": escaped(trace.format),
      "series": count(trace.series), "sha": escaped(trace.sha256),
      "quirks": quirks.isEmpty ? "none" : quirks.joined(separator: ", "),
    ]
  }
  var missing: [String] = []
  let files: [[String: Any]] = run.columns.map { file, columns in
    let modelled = columns.filter(\.isModelled)
    // The summary's columns repeat those of vms.csv five times.
    let isSummary = file == ResultFile.summaries.rawValue
    let shown = isSummary ? modelled.filter { $0.kind.isEmpty } : modelled
    if !isSummary {
      for column in columns where !column.isModelled && !missing.contains(column.meaning) {
        missing.append(column.meaning)
      }
    }
    let rows: [[String: Any]] = shown.map {
      [
        "name": escaped($0.name), "unit": escaped($0.unit == "1" ? "count" : $0.unit),
        "kind": escaped($0.kind), "meaning": escaped($0.meaning), "esxtop": escaped($0.esxtop),
        "vsphere": escaped($0.vSphere), "libvirt": escaped($0.libvirt),
      ]
    }
    return ["file": escaped(file), "count": columns.count, "rows": rows]
  }
  let rules = [
    "Ready time is per vCPU: milliseconds ÷ interval ÷ vCPUs. p95 below 2.5\u{00A0}% is fine, up to "
      + "5\u{00A0}% watch, up to 10\u{00A0}% significant, above bad: planners' rules of thumb, not limits "
      + "of any product.",
    "A row covers the interval that ends at its time; rates are means over it, sizes the value at its "
      + "end. Charts draw a sample as a step over its interval. t\u{00A0}=\u{00A0}0 is 00:00.",
    "A host is out of CPU in a sample that delivers at least 98\u{00A0}% of its capacity; it has CPU to "
      + "spare below 90\u{00A0}%. Shorter shortages hide in the mean of a sample.",
    "A VM counts as held back by a limit when more than half of its mean ready time is kept back by its own "
      + "or a pool's limit.",
    "Entitlement counts as unmet when used is more than 2\u{00A0}% below min(entitled, demand) for at "
      + "least 5\u{00A0}% of the VM's time; demand that waited for memory is left out.",
    "Slowdown is the part of the work a guest wanted to do that its vCPUs could not, as they waited for "
      + "memory; p95 from 1\u{00A0}% on is watch, from 5\u{00A0}% significant, from 10\u{00A0}% bad. What "
      + "happens within a sample hides in its mean; events.csv has the times.",
    "Charts with more samples than points keep the smallest and the largest value of every bucket; stacks "
      + "show the last sample of every bucket, heat maps the worst of every cell.",
  ]
  return render(
    methodTemplate,
    [
      "configuration": configuration, "hasFigures": !figures.isEmpty, "figures": figures,
      "traces": traces, "hasTraces": !traces.isEmpty,
      "assumptions": record.assumptions.map { escaped($0) },
      "hasAssumptions": !record.assumptions.isEmpty, "rules": rules,
      "missing": missing.map { escaped($0) }.joined(separator: " · "),
      "hasMissing": !missing.isEmpty, "files": files,
    ])
}

/// A figure with its unit and no needless digits.
private func inWords(_ figure: RunRecord.KeyFigure) -> String {
  let value = Double(figure.value) / 1_000
  switch figure.unit {
  case "MHz": return cpu(value)
  case "MiB": return memory(value)
  case "%": return percent(value)
  case "s": return span(value)
  case "1": return value == value.rounded() ? count(Int(value)) : short(value)
  default: return short(value) + "\u{00A0}" + figure.unit
  }
}

private let methodTemplate = """
  <div class="columns"><div><h3>This run</h3><table class="plain"><tbody>{{#configuration}}<tr>\
  <th scope="row">{{name}}</th><td>{{{value}}}</td></tr>{{/configuration}}</tbody></table>\
  <p>To repeat it: the same scenario, traces, seed and version give the same CSV files byte for byte, \
  whatever the number of threads. <code>ballast run</code> the scenario file whose SHA-256 is above, with \
  this seed; <code>ballast report</code> renders this page again.</p></div>\
  <div><h3>How to read the numbers</h3><ul>{{#rules}}<li>{{{.}}}</li>{{/rules}}</ul></div></div>
  {{#hasAssumptions}}<h3>Assumptions</h3><ul>{{#assumptions}}<li>{{{.}}}</li>{{/assumptions}}</ul>\
  {{/hasAssumptions}}
  {{#hasMissing}}<h3>Not modelled in this run</h3><p>{{{missing}}}. Their cells are empty, \
  never zero.</p>{{/hasMissing}}
  {{#hasFigures}}<h3>Key figures recorded by the run</h3><div class="scroll"><table><thead><tr>\
  <th>Figure</th><th class="num">Value</th><th>Meaning</th></tr></thead><tbody>{{#figures}}<tr>\
  <td><code>{{{name}}}</code></td><td class="num">{{{value}}}</td><td>{{{meaning}}}</td></tr>\
  {{/figures}}</tbody></table></div>{{/hasFigures}}
  {{#hasTraces}}<h3>Traces</h3><div class="scroll"><table><thead><tr><th>Name</th><th>Path</th>\
  <th>Format</th><th class="num">Series</th><th>Quirks met</th><th>SHA-256</th></tr></thead><tbody>\
  {{#traces}}<tr><td>{{{name}}}</td><td>{{{path}}}</td><td>{{{format}}}</td><td class="num">{{series}}\
  </td><td>{{{quirks}}}</td><td class="sha">{{{sha}}}</td></tr>{{/traces}}</tbody></table></div>\
  {{/hasTraces}}
  <h3>Column dictionary</h3>
  {{#files}}<details class="dictionary"><summary><code>{{{file}}}</code> · {{count}} columns</summary>\
  <div class="scroll"><table><thead><tr><th>Column</th><th>Unit</th><th>Kind</th><th>Meaning</th>\
  <th>esxtop</th><th>vSphere</th><th>libvirt</th></tr></thead><tbody>{{#rows}}<tr>\
  <td><code>{{{name}}}</code></td><td>{{{unit}}}</td><td>{{{kind}}}</td><td>{{{meaning}}}</td>\
  <td>{{{esxtop}}}</td><td>{{{vsphere}}}</td><td>{{{libvirt}}}</td></tr>{{/rows}}</tbody></table></div>\
  </details>{{/files}}
  """
