/// Rows of the table at most; beyond, the VMs that are best off are left out.
private let tableRowsMax = 3_000

extension RunData {
  /// Where a VM stands in the table, or the table where its row was left out.
  func rowAnchor(_ vm: Int) -> String {
    vms.count <= tableRowsMax || vmsByHarm().prefix(tableRowsMax).contains(vm)
      ? "row-\(vm)" : "vm-table"
  }
}

/// What the VM section rests on, where that is less than everything.
func vmNote(_ data: RunData) -> String {
  if data.vms.isEmpty { return "<p class=\"note\">The scenario has no VMs.</p>" }
  if !data.hasVMRows {
    return """
      <p class="note">This run recorded a summary per VM and no samples. For charts, heat map and \
      drill-down per VM, run it again with <code>record: {vms: all}</code> or a list of names.</p>
      """
  }
  let recorded = data.vms.count { $0.samples != nil }
  let ran = data.vms.count(where: \.isAdmitted)
  guard recorded < ran else { return "" }
  return "<p class=\"note\">Samples were recorded for \(count(recorded)) of \(count(ran)) VMs.</p>"
}

/// All VMs, worst first; sorted and filtered by the page's script, a plain table without it.
func vmTable(_ data: RunData) -> String {
  guard !data.vms.isEmpty else { return "" }
  let ranked = data.vmsByHarm()
  let drilled = Set(data.drillDowns.map(\.vm))
  let readyTop = max(Thresholds.ready[2], data.vms.map(\.ready.p95).filter(\.isFinite).max() ?? 0)
  let usedTop = max(1, data.vms.map(\.used.max).filter(\.isFinite).max() ?? 1)
  let memoryTop = max(1, data.vms.map(\.memoryConsumed.max).filter(\.isFinite).max() ?? 1)
  let hasTotals = data.hasVMRows
  var outages: [String: (seconds: Double, isBack: Bool)] = [:]
  for outage in data.outages {
    let before = outages[outage.vm]?.seconds ?? 0
    outages[outage.vm] = (before + outage.seconds, outage.isBack)
  }
  var out = """
    <div class="tools"><label>Filter <input type="search" id="filter" \
    placeholder="name, pool or host" autocomplete="off"/></label>\
    <label>Show <select id="level"><option value="0">all</option>\
    <option value="1">watch and worse</option><option value="2">significant and worse</option>\
    <option value="3">bad</option></select></label><output id="shown"></output></div>
    <div class="scroll tall" tabindex="0" role="region" aria-label="All VMs"><table id="vm-table">\
    <caption class="hide">All VMs, the longest waiting first</caption><thead><tr>
    """
  var heads: [(name: String, isNumber: Bool, hint: String)] = [
    ("VM", false, ""), ("Pool", false, ""), ("Last host", false, ""), ("State", false, ""),
    ("Ready p95", true, "% per vCPU"), ("Ready max", true, "% per vCPU"),
    ("By limit p95", true, "% per vCPU"),
  ]
  if data.hasReclaim { heads.append(("Slowdown p95", true, "% of work")) }
  if hasTotals { heads.append(("Not served", true, "% of demand")) }
  heads += [
    ("CPU used mean", true, "GHz"), ("CPU used max", true, "GHz"), ("Memory max", true, "GiB"),
  ]
  for head in heads {
    let unit = head.hint.isEmpty ? "" : "<small>\(head.hint)</small>"
    out += "<th scope=\"col\"\(head.isNumber ? " class=\"num\"" : "")>\(head.name)\(unit)</th>"
  }
  out += "</tr></thead><tbody>\n"
  for vm in ranked.prefix(tableRowsMax) {
    let facts = data.vms[vm]
    let waits = Severity.ready(facts.ready.p95)
    let pages = Severity.slowdown(facts.slowdown)
    let outage = outages[facts.name]
    let severity = [waits, pages, outage.map { $0.isBack ? .watch : .bad }]
      .compactMap(\.self).max()
    let level = facts.isAdmitted ? severity?.rawValue ?? 0 : 3
    let state =
      !facts.isAdmitted
      ? "refused"
      : (severity?.name.lowercased() ?? "fine")
        + (pages != nil && pages == severity
          ? ", memory" : waits != nil && facts.isMainlyLimited ? ", limit" : "")
        + (outage.map { ", down \(span($0.seconds))" } ?? "")
    let style = facts.isAdmitted ? severity?.style ?? "fine" : "significant"
    let name =
      drilled.contains(vm)
      ? "<a href=\"#vm-\(vm)\">\(escaped(facts.name))</a>" : escaped(facts.name)
    out += "<tr id=\"row-\(vm)\" data-l=\"\(level)\"><th scope=\"row\">\(name)</th>"
    out += "<td>\(escaped(facts.pool))</td><td>\(escaped(facts.host))</td>"
    out += "<td><span class=\"dot \(style)\">\(state)</span></td>"
    out += number(facts.ready.p95, 1, top: readyTop, style: style)
    out += number(facts.ready.max, 1)
    out += number(facts.limited.p95, 1)
    if data.hasReclaim { out += number(facts.slowdown.p95, 1) }
    if hasTotals { out += number(facts.samples?.unservedPercent ?? .nan, 1) }
    out += number(facts.used.mean / 1_000, 2)
    out += number(facts.used.max / 1_000, 2, top: usedTop / 1_000, style: "used")
    out += number(facts.memoryConsumed.max / 1_024, 1, top: memoryTop / 1_024, style: "memory")
    out += "</tr>\n"
  }
  out += "</tbody></table></div>"
  if ranked.count > tableRowsMax {
    out +=
      "<p class=\"note\">The \(count(tableRowsMax)) VMs that wait most, of \(count(ranked.count)); "
      + "<code>vms-summary.csv</code> has all.</p>"
  }
  return out
}

/// A number cell, with a small bar behind it where `top` is given.
private func number(_ value: Double, _ places: Int, top: Double = 0, style: String = "") -> String {
  guard value.isFinite else { return "<td class=\"num\">–</td>" }
  let text = fixed(value, places)
  guard top > 0 else { return "<td class=\"num\">\(text)</td>" }
  let width = coordinate(min(1, max(0, value / top)) * 100)
  return "<td class=\"num bar\">\(text)<i class=\"\(style)\" style=\"width:\(width)%\"></i></td>"
}

/// One VM's charts, folded; a link to its anchor unfolds them.
func drillDownSection(
  _ series: VMSeries, _ data: RunData, _ writer: inout ChartWriter
) -> String {
  let facts = data.vms[series.vm]
  let totals = facts.samples ?? VMTotals()
  var place = facts.pool.isEmpty ? "" : "pool \(facts.pool) · "
  place += facts.host.isEmpty ? "no host" : "last on \(facts.host)"
  let values: [String: Any] = [
    "vm": series.vm, "name": escaped(facts.name), "place": escaped(place),
    "p95": percent(facts.ready.p95), "max": percent(totals.readyMax),
    "at": totals.readyMaxAt.isFinite ? " at \(clock(totals.readyMaxAt))" : "",
    "limited": percent(facts.limited.p95), "unserved": percent(totals.unservedPercent),
    "peak": cpu(totals.demandMax), "configured": memory(totals.memoryConfigured),
    "active": memory(totals.memoryActiveMax), "charts": drillDown(series, data, &writer),
    "slowdown": data.hasReclaim && facts.slowdown.max > 0
      ? ", slowdown p95 \(percent(facts.slowdown.p95))" : "",
    "style": [Severity.ready(facts.ready.p95), Severity.slowdown(facts.slowdown)]
      .compactMap(\.self).max()?.style ?? "fine",
  ]
  return render(
    """
    <details class="drill"><summary><span class="dot {{style}}">{{{name}}}</span> \
    <span class="place">ready p95 {{{p95}}}{{{slowdown}}}</span></summary>\
    <div id="vm-{{vm}}" class="inside"><p class="facts">{{{place}}} · ready per vCPU: p95 <b>{{{p95}}}</b>, worst \
    sample <b>{{{max}}}</b>{{at}}; by a limit p95 <b>{{{limited}}}</b> · demand up to <b>{{{peak}}}</b>, \
    <b>{{{unserved}}}</b> not served · memory <b>{{{configured}}}</b>, at most <b>{{{active}}}</b> active\
    </p><div class="triple">{{{charts}}}</div></div></details>

    """, values)
}
