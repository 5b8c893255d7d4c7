import BallastModel
import BallastUnits

/// What became of each VM in a run: admitted or not, where it stands in its life, how often it moved and started again,
/// and how long it stood still. Changes only at meeting points; hosts' threads read it.
final class LifeBook: @unchecked Sendable {
  struct Life {
    var state = VMState.off
    /// The answer to its last power-on.
    var isAdmitted = true
    var refusal: Refusal?
    var migrations: Int64 = 0
    var restarts: Int64 = 0
    /// Its reservation is more than its host can keep.
    var isShort = false
    /// Stopped by migrations and failures, ns.
    var downtime: Int64 = 0
    /// Since when it should run and does not; nil while it runs or is off by order.
    var downSince: SimTime?
  }

  private(set) var lives: [Life]
  /// States of the hosts.
  private(set) var hosts: [HostState]
  /// Rows of `events.csv` about each subject that an expectation counts.
  private var counts: [String: Int64] = [:]
  private let counted: Set<String>
  private var totals: [EventKind: Int64] = [:]
  /// Decisions about the VMs that are watched, in order of time.
  private(set) var decisions: [DecisionRecord] = []
  private let watched: Set<String>
  /// Refusals, moves and restarts of all VMs.
  private(set) var notable = RunExplanations()

  init(world: World, watching watched: Set<String> = []) {
    self.watched = watched
    lives = [Life](repeating: Life(), count: world.vms.count)
    hosts = [HostState](repeating: .on, count: world.hosts.count)
    var counted: Set<String> = []
    for judgement in world.judgements {
      if case .events(let kind, let groups) = judgement.target {
        for subject in (groups ?? []).flatMap(\.subjects) {
          counted.insert(Self.key(kind, subject))
        }
      }
    }
    self.counted = counted
  }

  /// VMs that should run and do not.
  private(set) var idleCount = 0
  var hasIdle: Bool { idleCount > 0 }

  subscript(vm: VMIndex) -> Life { lives[vm.int] }

  func change(_ vm: VMIndex, _ body: (inout Life) -> Void) {
    if lives[vm.int].state.isIdle { idleCount -= 1 }
    body(&lives[vm.int])
    if lives[vm.int].state.isIdle { idleCount += 1 }
  }

  /// VMs whose reservation is more than their host can keep.
  private(set) var shortCount = 0

  func setShort(_ vm: VMIndex, _ isShort: Bool) {
    guard lives[vm.int].isShort != isShort else { return }
    lives[vm.int].isShort = isShort
    shortCount += isShort ? 1 : -1
  }

  func setState(_ state: HostState, of host: HostIndex) { hosts[host.int] = state }

  /// Decisions that a run's own account tells, whichever VM they are about.
  enum Notable { case refusal, move, restart }

  /// Keeps a decision, if its VM is watched or it is notable.
  func log(_ vm: String, as kind: Notable?, _ decision: () -> DecisionRecord) {
    if watched.contains(vm) { decisions.append(decision()) }
    switch kind {
    case .refusal: notable.refusals.add(decision)
    case .move: notable.moves.add(decision)
    case .restart: notable.restarts.add(decision)
    case nil: break
    }
  }

  // MARK: Outages

  func goesDown(_ vm: VMIndex, at time: SimTime) {
    if lives[vm.int].downSince == nil { lives[vm.int].downSince = time }
  }

  func comesUp(_ vm: VMIndex, at time: SimTime) {
    guard let since = lives[vm.int].downSince else { return }
    lives[vm.int].downtime += (time - since).value
    lives[vm.int].downSince = nil
  }

  /// Standing still until `end` included.
  func downtime(of vm: VMIndex, upTo end: SimTime) -> SimDuration {
    let life = lives[vm.int]
    return SimDuration(life.downtime + (life.downSince.map { (end - $0).value } ?? 0))
  }

  // MARK: Events

  func count(_ kind: EventKind, subject: String) {
    totals[kind, default: 0] += 1
    let key = Self.key(kind, subject)
    if counted.contains(key) { counts[key, default: 0] += 1 }
  }

  /// How many rows of a kind there are, about one subject or in all.
  func events(_ kind: EventKind, of subject: String?) -> Int64 {
    guard let subject else { return totals[kind] ?? 0 }
    return counts[Self.key(kind, subject)] ?? 0
  }

  private static func key(_ kind: EventKind, _ subject: String) -> String {
    kind.rawValue + " " + subject
  }
}

extension VMState {
  /// It should run and does not.
  fileprivate var isIdle: Bool { self == .refused || self == .restarting }
}
