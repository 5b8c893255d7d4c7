import BallastUnits

/// One line of `events:`.
public struct ScheduledEvent: Sendable {
  public enum Action: Sendable {
    /// Changes settings of the VMs that a name, entry or glob matches.
    case setVM(pattern: String, VMChange)
    /// Changes settings of a pool, "gold/web" or "CLUSTER:gold/web".
    case setPool(path: String, PoolChange)
    case power(pattern: String, on: Bool)
    /// Hosts (names, entries, globs) fail: their VMs stop at once.
    case fail(hosts: String)
    case recover(hosts: String)
    /// VMs move to a host while they run.
    case migrate(pattern: String, to: String)
    /// Hosts are emptied by migration and take no VMs until maintenance ends.
    case maintenance(hosts: String, on: Bool)
  }
  public var at: SimTime
  public var action: Action
  public var place: SourcePlace
  public init(at: SimTime, action: Action, place: SourcePlace) {
    self.at = at
    self.action = action
    self.place = place
  }
}

/// New values for some of one resource's settings; what is nil stays.
public struct SettingsChange<Amount: Quantity>: Sendable, Equatable {
  public enum NewLimit: Sendable, Equatable {
    case unlimited
    case amount(Amount)
  }
  public var reservation: Amount?
  public var limit: NewLimit?
  public var shares: SharesSetting?
  public init(
    reservation: Amount? = nil, limit: NewLimit? = nil, shares: SharesSetting? = nil
  ) {
    self.reservation = reservation
    self.limit = limit
    self.shares = shares
  }

  /// The settings after this change.
  public func applied(to old: ResourceSettings<Amount>) -> ResourceSettings<Amount> {
    var new = old
    if let reservation { new.reservation = reservation }
    if let shares { new.shares = shares }
    switch limit {
    case .unlimited: new.limit = nil
    case .amount(let amount): new.limit = amount
    case nil: break
    }
    return new
  }
  public var isEmpty: Bool { reservation == nil && limit == nil && shares == nil }
}

public struct VMChange: Sendable {
  public var cpu: SettingsChange<Kilohertz>
  public var memory: SettingsChange<Bytes>
  /// New demand curves from this event on; forms whose time counts from a start (steps, square) count from t = 0.
  public var workload: WorkloadSpec?
  public init(
    cpu: SettingsChange<Kilohertz> = .init(), memory: SettingsChange<Bytes> = .init(),
    workload: WorkloadSpec? = nil
  ) {
    self.cpu = cpu
    self.memory = memory
    self.workload = workload
  }
}

public struct PoolChange: Sendable {
  public var cpu: SettingsChange<Kilohertz>
  public var memory: SettingsChange<Bytes>
  public init(
    cpu: SettingsChange<Kilohertz> = .init(), memory: SettingsChange<Bytes> = .init()
  ) {
    self.cpu = cpu
    self.memory = memory
  }
}
