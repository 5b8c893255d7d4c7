import BallastUnits

extension Refusal {
  /// No host has the memory, or the swap space, that a VM must have to run at all.
  public struct MemoryShortage: Sendable, Equatable, Codable {
    /// What is counted.
    public enum Count: String, Sendable, Equatable, Codable {
      /// Memory of a host whose guests hold theirs from power-on.
      case free
      /// Room on the host's swap device: a guest needs configured memory less reservation.
      case swap
    }
    public var count: Count
    /// How many hosts were looked at.
    public var hosts: Int
    /// The host that came closest.
    public var best: String
    public var needed: Bytes
    /// What that host has left; negative where more is promised than it has.
    public var available: Bytes
    public init(count: Count, hosts: Int, best: String, needed: Bytes, available: Bytes) {
      self.count = count
      self.hosts = hosts
      self.best = best
      self.needed = needed
      self.available = available
    }

    var kind: RefusalKind { count == .free ? .freeMemory : .swapSpace }

    var pairs: [String] {
      [
        "hosts=\(hosts)", "best=\(best)", AdmissionResource.memory.pair("needed", needed.value),
        AdmissionResource.memory.pair("available", available.value),
      ]
    }

    var words: String {
      let (asked, left) = (
        AdmissionResource.memory.words(needed.value),
        AdmissionResource.memory.words(max(available, .zero).value)
      )
      let looked = hosts == 1 ? "The host" : "None of the \(hosts) hosts that it may run on"
      switch count {
      case .free:
        return hosts == 1
          ? "\(looked) \(best) has \(left) left for guests, which hold their memory from power-on, "
            + "and \(asked) are needed; stop or shrink a VM there."
          : "\(looked) has the \(asked) that are needed from power-on; \(best) has most, \(left): "
            + "stop or shrink a VM, or add memory."
      case .swap:
        return hosts == 1
          ? "\(looked) \(best) has \(left) of swap space left, and configured memory less "
            + "reservation, \(asked), are needed; raise the reservation or enlarge the device."
          : "\(looked) has the \(asked) of swap space that configured memory less reservation asks "
            + "for; \(best) has most, \(left): raise the reservation or enlarge a device."
      }
    }
  }
}
