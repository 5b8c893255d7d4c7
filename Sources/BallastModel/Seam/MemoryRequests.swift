import BallastUnits

/// What is asked of a host about the memory of one VM. −1 asks for nothing: things stay as they are.
///
/// Targets can be asked for again and again. Amounts belong to the observation that the plan answers: however often that
/// plan is applied, they are taken once.
public struct VMMemoryRequest: Sendable, Equatable, Codable {
  public static let none: Int64 = -1

  /// Bytes the guest may hold.
  public var target: Int64 = none
  /// Bytes the balloon is to hold (virDomainSetMemory: configured − this).
  public var balloon: Int64 = none
  /// Bytes of guest memory to compress now, beside what is compressed already.
  public var compress: Int64 = 0
  /// Bytes of guest memory to swap out now, beside what is swapped already.
  public var swap: Int64 = 0
  /// Stop the VM whenever it holds more than its target.
  public var blocksAboveTarget = false

  public init() {}
}

/// What is asked of the host about its memory as a whole.
public struct HostMemoryRequest: Sendable, Equatable, Codable {
  /// Scan for equal pages now instead of waiting for the usual pass.
  public var scansForSharing = false
  /// Bytes of large pages to break up into small ones, so that they can be shared.
  public var breakLargePages: Int64 = 0
  /// Settings of the scanner (/sys/kernel/mm/ksm: run, pages_to_scan, sleep_millisecs); −1 asks for nothing.
  public var ksmRun: Int64 = VMMemoryRequest.none
  public var ksmPagesToScan: Int64 = VMMemoryRequest.none
  public var ksmSleepMilliseconds: Int64 = VMMemoryRequest.none

  public init() {}
}
