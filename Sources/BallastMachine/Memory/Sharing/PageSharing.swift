import BallastModel
import BallastUnits

/// Equal pages of one host's VMs, and the scanner that finds them.
public struct PageSharing: Sendable {
  /// What all VMs together share, at the last advance.
  public private(set) var total = SharedPages()
  /// CPU time of the scanner so far, ns.
  public private(set) var cpuTime: Int64 = 0

  /// capacity: CPU of the whole host (ESXi's scanner is bound by it). step: results change at multiples of it.
  public init(_ facts: SharingFacts, capacity: Kilohertz, step: SimDuration = .seconds(1)) {}

  /// Inserts a VM or says what it holds now; advances to `time` (ns) first.
  public mutating func set(_ vm: VMIndex, _ content: ScannedContent, at time: Int64) {}
  /// Takes a VM out, with all that it shared; advances to `time` (ns) first. Nothing happens where it is not known.
  public mutating func remove(_ vm: VMIndex, at time: Int64) {}
  /// Changes settings; stays in force until asked otherwise. Advances to `time` (ns) first.
  public mutating func request(_ request: HostMemoryRequest, at time: Int64) {}
  /// Scans up to `time`, ns; an earlier time changes nothing.
  public mutating func advance(to time: Int64) {}

  /// Results for one VM; nothing shared where it is not known.
  public func shared(_ vm: VMIndex) -> SharedPages { SharedPages() }
  /// Shared pages of this VM that were written to, and so copied, so far (copy-on-write).
  public func copied(_ vm: VMIndex) -> Int64 { 0 }
  /// Time of the next change without further calls, ns; `Int64.max`: none.
  public var nextChange: Int64 { .max }
  /// CPU time that scanning takes per second just now, ns.
  public var cpuTimePerSecond: Int64 { 0 }
  /// Counters of Linux' scanner; all zero with ESXi's.
  public var counters: KSMCounters { KSMCounters() }
  /// Settings in force, as they read back; nil with ESXi's scanner.
  public var ksm: KSMSettings? { nil }
}
