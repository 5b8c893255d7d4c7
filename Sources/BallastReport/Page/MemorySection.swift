/// Rows of the table of who paid.
private let payersMax = 100

/// When trouble began, and who was ballooned, compressed and swapped, with what it cost them.
func memoryNotes(_ data: RunData) -> String {
  guard data.hasReclaim else { return "" }
  let onsets = memoryOnsets(data)
  guard !onsets.isEmpty else {
    return "<p class=\"note\">No host took memory back: none was short of it.</p>"
  }
  let items = onsets.map { "<li>\($0)</li>" }.joined()
  return "<h3>When it began</h3><ul class=\"because\">\(items)</ul>"
}

/// First host below high, first memory taken back, first VM slowed: each with the overcommit ratio there and then.
private func memoryOnsets(_ data: RunData) -> [String] {
  func first(_ isSo: (Int, Int) -> Bool) -> (host: Int, time: Int)? {
    for time in 0..<data.times.count {
      if let host = data.hosts.indices.first(where: { isSo($0, time) }) { return (host, time) }
    }
    return nil
  }
  func place(_ host: Int, _ time: Int) -> String {
    let ratio = data.overcommit(ofHost: host, at: time)
    return "at <b>\(fixed(ratio, 2)) ×</b> (configured by physical memory) on "
      + "\(escaped(data.hosts[host].name)), by \(clock(data.times.ends[time]))"
  }
  var out: [String] = []
  if let found = first({ data.takenBack(ofHost: $0, at: $1) > 0 }) {
    out.append("Memory was first taken back \(place(found.host, found.time)).")
  }
  if let found = first({ data.hosts[$0].memoryStates.level(at: $1) ?? 0 > 0 }) {
    let level = data.hosts[found.host].memoryStates.level(at: found.time) ?? 0
    out.append(
      "The first state below high, \(MemoryStateSeries.names[level]), came "
        + "\(place(found.host, found.time)).")
  }
  let slowed = data.vms.indices.filter { (data.vms[$0].samples?.reclaim.slowedAt ?? -1) >= 0 }
  let began = slowed.min { a, b in
    let (x, y) = (data.vms[a].samples!.reclaim.slowedAt, data.vms[b].samples!.reclaim.slowedAt)
    return x != y ? x < y : a < b
  }
  if let vm = began, let sums = data.vms[vm].samples?.reclaim, sums.slowedOn >= 0 {
    out.append(
      "The first VM to lose 1\u{00A0}% of its work to it, \(escaped(data.vms[vm].name)), did so "
        + "\(place(sums.slowedOn, sums.slowedAt)).")
  } else if !out.isEmpty, data.hasVMRows {
    out.append("No VM lost 1\u{00A0}% of its work to it in any sample.")
  }
  return out
}

/// The VMs that paid, worst first.
func reclaimTable(_ data: RunData) -> String {
  guard data.hasReclaim else { return "" }
  let ranked = data.vmsByReclaim()
  guard !ranked.isEmpty else { return "" }
  let drilled = Set(data.drillDowns.map(\.vm))
  let heads: [(name: String, hint: String)] = [
    ("Balloon max", "GiB"), ("Compressed max", "GiB"), ("Swapped max", "GiB"),
    ("Swapped in", "MiB/s, mean"), ("Slowdown mean", "% of work"), ("Slowdown p95", "% of work"),
    ("Slowdown max", "% of work"), ("Waiting", "time"),
  ]
  var out = """
    <h3>Who paid</h3><div class="scroll tall" tabindex="0" role="region" aria-label="VMs that memory was taken from">\
    <table id="memory-table"><thead><tr><th scope="col">VM</th><th scope="col">Last host</th>
    """
  for head in heads {
    out += "<th scope=\"col\" class=\"num\">\(head.name)<small>\(head.hint)</small></th>"
  }
  out += "</tr></thead><tbody>\n"
  for vm in ranked.prefix(payersMax) {
    let facts = data.vms[vm]
    let sums = facts.samples?.reclaim
    let link = drilled.contains(vm) ? "vm-\(vm)" : data.rowAnchor(vm)
    func cell(_ value: Double, _ places: Int) -> String {
      "<td class=\"num\">\(value.isFinite ? fixed(value, places) : "–")</td>"
    }
    let style = Severity.slowdown(facts.slowdown)?.style ?? "fine"
    out += "<tr><th scope=\"row\"><a href=\"#\(link)\"><span class=\"dot \(style)\">"
    out += "\(escaped(facts.name))</span></a></th><td>\(escaped(facts.host))</td>"
    out += cell(facts.balloon.max / 1_024, 2)
    out += cell(sums.map { $0.compressedMax / 1_024 } ?? .nan, 2)
    out += cell(facts.swapped.max / 1_024, 2)
    out += cell(sums.map { $0.swappedIn / max(1, facts.samples?.onSeconds ?? 1) } ?? .nan, 2)
    out += cell(facts.slowdown.mean, 1) + cell(facts.slowdown.p95, 1) + cell(facts.slowdown.max, 1)
    out +=
      "<td class=\"num\">\(sums.map { $0.waitingSeconds > 0 ? span($0.waitingSeconds) : "–" } ?? "–")</td>"
    out += "</tr>\n"
  }
  out += "</tbody></table></div>"
  if ranked.count > payersMax {
    out +=
      "<p class=\"note\">The \(count(payersMax)) that lost most, of \(count(ranked.count)).</p>"
  }
  return out
}
