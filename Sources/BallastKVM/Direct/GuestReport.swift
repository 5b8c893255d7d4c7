import Foundation

/// What QEMU's monitor says of its guest, taken from the replies.
///
/// Source    QEMU's QMP reference: query-status, query-balloon, query-cpus-fast, query-memory-size-summary; docs/interop
///           and hw/virtio/virtio-balloon for `guest-stats`, in bytes, where a guest that does not tell shows 2⁶⁴ − 1.
struct GuestReport {
  var state = DomainState.unknown
  var isInTransition = false
  var statisticsPeriod: Int64?
  var lastUpdate: Int64?
  var free: Int64?
  var usable: Int64?
  var total: Int64?
  var swapIn: Int64?
  var swapOut: Int64?
  var majorFaults: Int64?

  /// A whole number that is one; nil for the monitor's word for unknown.
  static func number(_ value: Any?) -> Int64? {
    guard let number = value as? NSNumber else { return nil }
    let exact = number.int64Value
    return exact >= 0 && number.doubleValue < 9e18 ? exact : nil
  }

  mutating func take(status: Any?) {
    let name = (status as? [String: Any])?["status"] as? String
    switch name {
    case "running": state = .running
    case "paused", "io-error", "watchdog", "debug", "colo": state = .paused
    case "suspended": state = .suspended
    case "shutdown": (state, isInTransition) = (.shutdown, true)
    case "guest-panicked", "internal-error": state = .crashed
    case "inmigrate", "postmigrate", "finish-migrate", "save-vm", "restore-vm", "prelaunch":
      (state, isInTransition) = (.paused, true)
    default: state = .unknown
    }
  }

  mutating func take(statistics: Any?) {
    guard let report = statistics as? [String: Any] else { return }
    lastUpdate = Self.number(report["last-update"])
    let stats = report["stats"] as? [String: Any] ?? [:]
    free = Self.number(stats["stat-free-memory"])
    usable = Self.number(stats["stat-available-memory"])
    total = Self.number(stats["stat-total-memory"])
    swapIn = Self.number(stats["stat-swap-in"])
    swapOut = Self.number(stats["stat-swap-out"])
    majorFaults = Self.number(stats["stat-major-faults"])
  }
}
