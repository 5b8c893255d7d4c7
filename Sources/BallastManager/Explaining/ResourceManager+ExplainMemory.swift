import BallastModel
import BallastUnits

extension ResourceManager {
  /// How an observation's memory was seen and divided for one VM, by dividing once more on a copy: what it holds, its
  /// activity, and, where a tax divides, between what.
  ///
  /// - Parameter names: `hosts[0]` is this host.
  /// - Returns: nil for a VM that is not managed here, and where memory is not looked at.
  public func explainMemory(
    _ vm: VMIndex, seen: HostObservation, names: ExplanationNames
  ) -> (row: MemoryExplanation, taxed: VMExplanation.Taxed?)? {
    guard memory.isOn, let index = position(of: vm) else { return nil }
    let table = memoryTable(lookingAt: seen)
    var facts = MemoryExplanation(table.rows[index], tax: memory.tax)
    // Among pools the row weighs parts of a share.
    facts.shares = row(index).settings.memoryWeight
    guard isTaxed, !isMemoryIdle(seen) else { return (facts, nil) }
    let claim = entitlementClaim(index, table)
    return (
      facts,
      VMExplanation.Taxed(
        rate: memory.tax.rate, floor: claim.floor, cap: claim.cap,
        levels: taxedLevels(index, table, names: names))
    )
  }
}
