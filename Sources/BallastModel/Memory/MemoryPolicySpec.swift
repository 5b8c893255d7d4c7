import BallastUnits

/// What a scenario tells memory policies about one VM, beside reservation, limit and shares. What is nil is the policy's
/// own.
public struct MemoryPolicySpec: Sendable, Equatable {
  /// What a balloon must leave; nil: each policy has its own answer.
  public var minimum: Bytes?
  /// What the guest has at power-on, where the hypervisor gives it more later; nil: all it is configured with.
  public var startup: Bytes?
  /// False takes the VM out of ballooning.
  public var isBallooned: Bool
  /// Hyper-V: what is wanted beyond demand.
  public var buffer: PartsPerMillion?
  /// Hyper-V: memory weight, 0 … 100.
  public var priority: Int64?
  public init(
    minimum: Bytes? = nil, startup: Bytes? = nil, isBallooned: Bool = true,
    buffer: PartsPerMillion? = nil, priority: Int64? = nil
  ) {
    self.minimum = minimum
    self.startup = startup
    self.isBallooned = isBallooned
    self.buffer = buffer
    self.priority = priority
  }
}
