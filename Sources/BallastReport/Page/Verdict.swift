import BallastModel
import BallastUnits

/// Title, what was run, and a banner where the run did not end.
func headerSection(_ data: RunData) -> String {
  let record = data.run.record
  let clusters = Set(data.pools.map(\.cluster)).count
  var parts = [
    span(Double(record.simulated.milliseconds) / 1_000) + " simulated",
    count(data.hosts.count, "host", "hosts"), count(data.vms.count, "VM", "VMs"),
  ]
  if clusters > 1 { parts.append(count(clusters, "cluster", "clusters")) }
  if data.times.count > 1 { parts.append("samples of " + span(data.times.length(0))) }
  parts.append("seed \(record.seed)")
  return render(
    """
    <header><p class="kicker">Ballast report</p><h1>{{{name}}}</h1><p class="run">{{{facts}}}</p>\
    {{#incomplete}}<p class="banner" role="alert"><b>This run is incomplete.</b> It was interrupted \
    after {{{seen}}}; everything below covers only that part.</p>{{/incomplete}}</header>
    """,
    [
      "name": escaped(record.scenario), "facts": parts.joined(separator: " · "),
      "incomplete": !record.isComplete,
      "seen": data.duration > 0 ? span(data.duration) : "the first moments",
    ])
}

/// Expectations met or not, by how much, and what happened in a sentence or two.
func verdictSection(_ data: RunData) -> String {
  let expectations = data.run.record.expectations
  let failed = expectations.count { !$0.isMet }
  var headline: String
  var style: String
  if expectations.isEmpty {
    headline = "No expectations to judge"
    style = "neutral"
  } else if failed == 0 {
    headline =
      expectations.count == 1
      ? "The expectation is met" : "All \(expectations.count) expectations are met"
    style = "met"
  } else {
    headline =
      expectations.count == 1
      ? "The expectation is not met"
      : "\(failed) of \(expectations.count) expectations \(failed == 1 ? "is" : "are") not met"
    style = "missed"
  }
  if !expectations.isEmpty, !data.run.record.isComplete {
    headline += " in the part that ran"
    if style == "met" { style = "neutral" }
  }
  let rows: [[String: Any]] = expectations.map {
    [
      "style": $0.isMet ? "met" : "missed", "sign": $0.isMet ? "✓" : "✗",
      "word": $0.isMet ? "met" : "not met", "text": escaped($0.text),
      "measured": escaped($0.measured), "margin": margin($0),
      "hasLever": !$0.isMet && !$0.lever.isEmpty, "lever": escaped($0.lever),
    ]
  }
  return render(
    """
    <div class="verdict {{style}}"><h2>{{{headline}}}</h2><p class="story">{{{story}}}</p>\
    {{#hasRows}}<div class="scroll"><table class="expectations"><thead><tr><th>Result</th>\
    <th>Expectation</th><th>Measured</th><th>By</th></tr></thead><tbody>{{#rows}}<tr class="{{style}}">\
    <td><span aria-hidden="true">{{sign}}</span> {{word}}</td><td>{{{text}}}</td><td>{{{measured}}}</td>\
    <td>{{{margin}}}</td></tr>{{#hasLever}}<tr class="helps"><td></td><td colspan="3"><b>Lever</b> \
    {{{lever}}}</td></tr>{{/hasLever}}{{/rows}}</tbody></table></div>{{/hasRows}}</div>

    """,
    [
      "style": style, "headline": headline, "story": escaped(story(data)), "rows": rows,
      "hasRows": !rows.isEmpty,
    ])
}

/// How far the measured value is from the bound: "1.84 over", "0.6 to spare". Empty where the two are no numbers.
func margin(_ verdict: RunRecord.Verdict) -> String {
  let words = verdict.text.split(separator: " ")
  guard let bound = words.last.flatMap({ Double(String($0)) }),
    let value = verdict.measured.split(separator: " ").first.flatMap({ Double(String($0)) }),
    words.count > 2
  else { return "" }
  let kind = words[words.count - 2]
  let difference = value - bound
  var part = ""
  if bound != 0, kind != "equals" { part = " (\(percent(abs(difference / bound) * 100)))" }
  switch kind {
  case "most": return short(abs(difference)) + (difference > 0 ? " over" : " to spare") + part
  case "least": return short(abs(difference)) + (difference < 0 ? " under" : " to spare") + part
  case "equals": return difference == 0 ? "exact" : short(abs(difference)) + " off"
  default: return ""
  }
}

/// Six to eight numbers a planner asks for first.
func keyFigures(_ data: RunData) -> String {
  guard data.times.count > 0 else { return "" }
  var figures: [(value: String, label: String, note: String)] = []

  let admitted = data.vms.count(where: \.isAdmitted)
  let refused = data.vms.count - admitted
  figures.append(
    (
      count(admitted), "VMs admitted", refused == 0 ? "none refused" : "\(count(refused)) refused"
    ))
  let on = (0..<data.times.count).map { time in
    let hosts = data.hosts.filter { time < $0.isOn.count && $0.isOn[time] }
    let vms = hosts.reduce(0) { $0 + ($1.vms.at(time).isFinite ? $1.vms.at(time) : 0) }
    return hosts.isEmpty ? 0 : vms / Double(hosts.count)
  }
  figures.append((fixed(mean(on, data), 1), "VMs per host", "powered on, mean over time"))

  let capacity = sum(data, \.capacity)
  let used = sum(data, \.used)
  let demand = sum(data, \.demand)
  let load = zip(used, capacity).map { $1 > 0 ? $0 / $1 * 100 : 0 }
  figures.append(
    (percent(mean(load, data)), "CPU used", "peak \(percent(load.max() ?? 0)) of all hosts' CPU"))
  let wanted = mean(demand, data)
  let missing = max(0, wanted - mean(used, data))
  figures.append(
    (
      percent(wanted > 0 ? missing / wanted * 100 : 0), "of CPU demand not served",
      "\(short(missing * data.duration / 3_600_000))\u{00A0}GHz·h of "
        + "\(short(wanted * data.duration / 3_600_000))\u{00A0}GHz·h"
    ))

  // Of equal ones the first in order of harm.
  let ready = data.vmsByHarm().map { data.vms[$0] }.filter { $0.ready.p95.isFinite }
  if let most = ready.map(\.ready.p95).max(),
    let worst = ready.first(where: { $0.ready.p95 == most })
  {
    figures.append(
      (percent(worst.ready.p95), "worst CPU ready p95", "per vCPU, \(escaped(worst.name))"))
    let late = data.vms.filter { $0.ready.p95 >= Thresholds.ready[1] }
    let waiting = late.count
    let limited = late.count(where: \.isMainlyLimited)
    figures.append(
      (
        count(waiting), waiting == 1 ? "VM waits over 5\u{00A0}%" : "VMs wait over 5\u{00A0}%",
        limited == 0
          ? "ready p95 per vCPU, of \(count(data.vms.count))"
          : "p95 per vCPU; \(count(waiting - limited)) for a host, \(count(limited)) by a limit"
      ))
  }
  var full = 0.0
  for time in 0..<data.times.count
  where data.hosts.contains(where: { $0.usedPercent.at(time) >= Thresholds.saturated }) {
    full += data.times.length(time)
  }
  figures.append(
    (
      percent(data.duration > 0 ? full / data.duration * 100 : 0),
      "of the time a host is out of CPU",
      full > 0 ? span(full) + " in all" : "at 98\u{00A0}% of its CPU or more"
    ))
  let held = data.hosts.map { host in
    zip(host.memoryConsumed, host.memoryCapacity).map { $1 > 0 ? $0 / $1 * 100 : 0 }
      .filter(\.isFinite).max() ?? 0
  }
  if let most = held.max(), let index = held.firstIndex(of: most) {
    figures.append(
      (percent(most), "peak memory of a host", "consumed, \(escaped(data.hosts[index].name))"))
  }
  let tiles: [[String: Any]] = figures.map {
    ["value": $0.value, "label": $0.label, "note": $0.note]
  }
  return render(
    """
    <dl class="figures">{{#tiles}}<div><dt>{{{label}}}</dt><dd><b>{{{value}}}</b>\
    <span>{{{note}}}</span></dd></div>{{/tiles}}</dl>
    """, ["tiles": tiles])
}

/// Sum over hosts at each instant.
private func sum(_ data: RunData, _ values: (HostSeries) -> [Double]) -> [Double] {
  (0..<data.times.count).map { time in
    data.hosts.reduce(0) { $0 + (values($1).at(time).isFinite ? values($1).at(time) : 0) }
  }
}

/// Weighted by the length of the samples.
private func mean(_ values: [Double], _ data: RunData) -> Double {
  let seconds = (0..<data.times.count).reduce(0) { $0 + data.times.length($1) }
  guard seconds > 0 else { return 0 }
  return zip(values.indices, values).reduce(0) { $0 + $1.1 * data.times.length($1.0) } / seconds
}
