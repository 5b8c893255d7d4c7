/// VMs that got less than they were granted and wanted.
func unmetEntitlements(_ data: RunData) -> [Finding] {
  let unmet = data.vms.indices.filter { index in
    guard let totals = data.vms[index].samples, totals.onSeconds > 0 else { return false }
    return totals.unmetSeconds / totals.onSeconds >= 0.05
  }.sorted {
    let (a, b) = (data.vms[$0].samples?.unmet ?? 0, data.vms[$1].samples?.unmet ?? 0)
    return a != b ? a > b : $0 < $1
  }
  guard let first = unmet.first, let worst = data.vms[first].samples else { return [] }
  func part(_ index: Int) -> Double {
    let totals = data.vms[index].samples
    return (totals?.unmetSeconds ?? 0) / (totals?.onSeconds ?? 1) * 100
  }
  return [
    Finding(
      part(first) >= 20 ? .significant : .watch,
      "\(count(unmet.count, "VM", "VMs")) got less CPU than entitled",
      "\(data.vms[first].name) used less than min(entitled, demand) for \(percent(part(first))) of its "
        + "time and missed \(cpu(worst.unmet / max(1, worst.unmetSeconds))) on average then.",
      subjects: unmet.map { (.vm($0), percent(part($0))) },
      lever:
        "The grant is made each control step from the demand seen before it; a shorter control "
        + "interval or a reservation narrows the gap.",
      harm: worst.unmet / 3_600_000)
  ]
}

/// VMs that admission turned away: they have no rows, so no other rule sees them.
func refusedVMs(_ data: RunData) -> [Finding] {
  let refused = data.vms.indices.filter { !data.vms[$0].isAdmitted }
  guard let first = refused.first else { return [] }
  return [
    Finding(
      .significant, "\(count(refused.count, "VM was", "VMs were")) refused at power-on",
      "\(data.vms[first].name): \(data.vms[first].refusal)"
        + (data.vms[first].refusal.hasSuffix(".") ? "" : "."),
      subjects: refused.map { (.vm($0), "") },
      lever: "Lower reservations, raise the pool's, or add a host.", harm: Double(refused.count))
  ]
}

/// VMs that hold far more memory than they ever use. One without any active memory says nothing of its use: its
/// scenario or trace left memory out.
func oversizedVMs(_ data: RunData) -> [Finding] {
  func activePercent(_ index: Int) -> Double {
    guard let totals = data.vms[index].samples, totals.memoryConfigured > 0,
      totals.memoryActiveMax > 0
    else { return 100 }
    return totals.memoryActiveMax / totals.memoryConfigured * 100
  }
  /// Configured memory beyond the largest active use and 20 % on top of it.
  func spare(_ index: Int) -> Double {
    guard let totals = data.vms[index].samples else { return 0 }
    return totals.memoryConfigured - 1.2 * totals.memoryActiveMax
  }
  let oversized = data.vms.indices.filter { activePercent($0) < Thresholds.oversizedMemory }
    .sorted { spare($0) != spare($1) ? spare($0) > spare($1) : $0 < $1 }
  guard !oversized.isEmpty else { return [] }
  let total = oversized.reduce(0) { $0 + spare($1) }
  return [
    Finding(
      .note,
      "\(count(oversized.count, "VM", "VMs")) never had more than "
        + "\(percent(Thresholds.oversizedMemory)) of memory in active use",
      "With 20\u{00A0}% above their largest active use, they could give back \(memory(total)).",
      subjects: oversized.map { (.vm($0), memory(spare($0))) },
      lever: "Right-size at the next maintenance; look at a longer time first.", harm: total / 1e6)
  ]
}
