import BallastModel

/// What a plan comes to on a host: what to write, and what there is no knob for.
public struct Translation: Sendable, Equatable {
  /// In the order they are to be made; only what differs from what is there.
  public var writes: [HostWrite] = []
  /// What the plan asks that this host cannot do or keeps by other means, in order of VMs.
  public var notes: [Note] = []
  /// VMs of the plan that the host does not show running.
  public var gone: [VMIndex] = []

  public init() {}

  public struct Note: Sendable, Equatable, Codable {
    /// Nil: about the host.
    public var vm: VMIndex?
    public var subject: Subject
    /// A sentence for people.
    public var text: String

    public enum Subject: String, Sendable, Equatable, Codable {
      case cpuReservation, cpuLimit, cpuWeight, memoryReservation, memoryLimit, reclamation, pools
      case ksm
    }

    public init(vm: VMIndex?, subject: Subject, text: String) {
      self.vm = vm
      self.subject = subject
      self.text = text
    }
  }
}
