import BallastMachine
import BallastModel
import BallastUnits

/// 1 s in ns.
let second: Int64 = 1_000_000_000

extension PageSharing {
  /// ESXi's scanner on a host of 100 GHz.
  static func esxi(
    _ scope: SharingFacts.Scope = .withinVM, gigahertz: Int64 = 100, scan: ESXiScan = ESXiScan()
  ) -> PageSharing {
    PageSharing(
      SharingFacts(scope: scope, scanner: .esxi(scan)), capacity: .megahertz(gigahertz * 1_000))
  }

  /// Linux' scanner, 1,000 pages every 24 ms: 41,667 pages a second.
  static func ksm(_ change: (inout KSMSettings) -> Void = { _ in }) -> PageSharing {
    var settings = KSMSettings(pagesToScan: 1_000, smartScan: false)
    change(&settings)
    return PageSharing(
      SharingFacts(scope: .betweenVMs, scanner: .ksm(settings)), capacity: .megahertz(100_000))
  }

  /// With these VMs from the start, after so many seconds.
  func after(_ seconds: Int64, _ vms: [ScannedContent]) -> PageSharing {
    var sharing = self
    for (index, content) in vms.enumerated() { sharing.set(VMIndex(index), content, at: 0) }
    sharing.advance(to: seconds * second)
    return sharing
  }

  /// Pages saved of each of `count` VMs.
  func saved(_ count: Int) -> [Int64] { (0..<count).map { shared(VMIndex($0)).saved } }
}
