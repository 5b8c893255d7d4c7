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
  func ratio(_ host: Int, _ time: Int) -> String {
    "at <b>\(fixed(data.overcommit(ofHost: host, at: time), 2)) ×</b> (configured by physical memory) on "
      + escaped(data.hosts[host].name)
  }
  func place(_ host: Int, _ time: Int) -> String {
    "\(ratio(host, time)), by \(clock(data.times.ends[time]))"
  }
  var out: [String] = []
  if let found = first({ data.takenBack(ofHost: $0, at: $1) > 0 }) {
    out.append("Memory was first taken back \(place(found.host, found.time)).")
  }
  let states = data.hosts.indices.compactMap { host in
    data.hosts[host].memoryStates.first(atLeast: 1).map { (host: host, state: $0) }
  }
  if let found = states.min(by: { ($0.state.time, $0.host) < ($1.state.time, $1.host) }) {
    out.append(
      "The first state below high, \(MemoryStateSeries.names[found.state.level]), came "
        + "\(ratio(found.host, data.sample(at: found.state.time))) at \(clock(found.state.time)).")
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

/// One column of the table of who paid.
private struct PayerColumn {
  var name: String
  var hint: String
  var places: Int
  /// Nil where the run did not record it.
  var value: (VMFacts) -> Double?
}

/// What the summaries know of every VM, and what only samples tell.
private func payerColumns(_ data: RunData) -> [PayerColumn] {
  var columns = [PayerColumn("Balloon max", "GiB", 2) { $0.balloon.max / 1_024 }]
  if data.hasVMRows {
    columns += [
      PayerColumn("Compressed max", "GiB", 2) { $0.samples.map { $0.compressedMax / 1_024 } },
      PayerColumn("Own swap max", "GiB, by the guest", 2) {
        $0.samples.map { $0.reclaim.guestPagedMax / 1_024 }
      },
    ]
  }
  columns.append(PayerColumn("Swapped max", "GiB, by the host", 2) { $0.swapped.max / 1_024 })
  if data.hasVMRows {
    columns.append(
      PayerColumn("Swapped in", "MiB/s, mean", 2) {
        $0.samples.map { $0.reclaim.swappedIn / max(1, $0.onSeconds) }
      })
  }
  return columns + [
    PayerColumn("Slowdown mean", "% of work", 1) { $0.slowdown.mean },
    PayerColumn("Slowdown p95", "% of work", 1) { $0.slowdown.p95 },
    PayerColumn("Slowdown max", "% of work", 1) { $0.slowdown.max },
  ]
}

extension PayerColumn {
  fileprivate init(
    _ name: String, _ hint: String, _ places: Int, value: @escaping (VMFacts) -> Double?
  ) {
    self.init(name: name, hint: hint, places: places, value: value)
  }
}

/// The VMs that paid, worst first.
func reclaimTable(_ data: RunData) -> String {
  guard data.hasReclaim else { return "" }
  let ranked = data.vmsByReclaim()
  guard !ranked.isEmpty else { return "" }
  let drilled = Set(data.drillDowns.map(\.vm))
  let columns = payerColumns(data)
  var out = """
    <h3>Who paid</h3><div class="scroll tall" tabindex="0" role="region" aria-label="VMs that memory was taken from">\
    <table id="memory-table"><thead><tr><th scope="col">VM</th><th scope="col">Last host</th>
    """
  for (name, hint) in columns.map({ ($0.name, $0.hint) }) + [("Waiting", "for host memory")] {
    out += "<th scope=\"col\" class=\"num\">\(name)<small>\(hint)</small></th>"
  }
  out += "</tr></thead><tbody>\n"
  for vm in ranked.prefix(payersMax) {
    let facts = data.vms[vm]
    let link = drilled.contains(vm) ? "vm-\(vm)" : data.rowAnchor(vm)
    let style = Severity.slowdown(facts.slowdown)?.style ?? "fine"
    out += "<tr><th scope=\"row\"><a href=\"#\(link)\"><span class=\"dot \(style)\">"
    out += "\(escaped(facts.name))</span></a></th><td>\(escaped(facts.host))</td>"
    for column in columns {
      let value = column.value(facts) ?? .nan
      out += "<td class=\"num\">\(value.isFinite ? fixed(value, column.places) : "–")</td>"
    }
    out +=
      "<td class=\"num\">\(facts.memoryWaitSeconds > 0 ? span(facts.memoryWaitSeconds) : "–")</td>"
    out += "</tr>\n"
  }
  out += "</tbody></table></div>"
  if ranked.count > payersMax {
    out +=
      "<p class=\"note\">The \(count(payersMax)) that lost most, of \(count(ranked.count)).</p>"
  }
  if !data.hasVMRows {
    out +=
      "<p class=\"note\">What of a VM was compressed, swapped in or in its guest's own swap is known from its "
      + "samples only: <code>record: {vms: all}</code>.</p>"
  } else if ranked.prefix(payersMax).contains(where: { data.vms[$0].samples == nil }) {
    out +=
      "<p class=\"note\">– where a VM's samples were not recorded: <code>record: {vms: all}</code>.</p>"
  }
  return out
}
