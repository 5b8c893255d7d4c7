import BallastMachine
import BallastModel
import BallastUnits

/// The migrations under way and those that wait until both their hosts have a free place.
///
/// Rule      a migration waits until its target has the room that was booked for it; each host sends or receives so many at once; who waits goes in the order asked, and one that cannot go yet
///           holds up nobody behind it.
/// Cost      O(waiting) per start or end.
struct MigrationQueue {
  struct Migration {
    var vm: VMIndex
    var from: HostIndex
    var to: HostIndex
    /// "reason=…" and the policy's arithmetic, for `events.csv`.
    var detail: String
    /// Tells this migration of a VM from an earlier one that was given up.
    var ticket: Int
    var start: SimTime
    /// Nil while it waits.
    var copy: PreCopy?
    /// Held on the target.
    var held: Bytes
    var isStunned = false
  }

  private(set) var waiting: [Migration] = []
  private var running: [Migration?]
  private var busy: [Int]
  private var arriving: [Int]
  private let concurrentPerHost: Int
  private var nextTicket = 0

  init(hostCount: Int, vmCount: Int, concurrentPerHost: Int) {
    running = [Migration?](repeating: nil, count: vmCount)
    busy = [Int](repeating: 0, count: hostCount)
    arriving = [Int](repeating: 0, count: hostCount)
    self.concurrentPerHost = concurrentPerHost
  }

  /// The migration of a VM, whether it runs or waits.
  func migration(of vm: VMIndex) -> Migration? {
    running[vm.int] ?? waiting.first { $0.vm == vm }
  }

  func isRunning(_ vm: VMIndex) -> Bool { running[vm.int] != nil }

  /// Migrations to this host that run or wait.
  func arriving(at host: HostIndex) -> Int { arriving[host.int] }

  mutating func ask(_ vm: VMIndex, from: HostIndex, to: HostIndex, detail: String, at time: SimTime)
  {
    waiting.append(
      Migration(
        vm: vm, from: from, to: to, detail: detail, ticket: nextTicket, start: time, copy: nil,
        held: .zero))
    nextTicket += 1
    arriving[to.int] += 1
  }

  /// Takes the first that can go out of the queue.
  ///
  /// - Parameter mayArrive: who makes room for it has left.
  mutating func nextToStart(_ mayArrive: (VMIndex) -> Bool) -> Migration? {
    let index = waiting.firstIndex {
      busy[$0.from.int] < concurrentPerHost && busy[$0.to.int] < concurrentPerHost
        && mayArrive($0.vm)
    }
    return index.map { waiting.remove(at: $0) }
  }

  mutating func run(_ migration: Migration) {
    running[migration.vm.int] = migration
    busy[migration.from.int] += 1
    busy[migration.to.int] += 1
  }

  mutating func setStunned(_ vm: VMIndex) { running[vm.int]?.isStunned = true }

  /// Takes a migration out, finished or given up.
  mutating func remove(_ vm: VMIndex) -> Migration? {
    if let migration = running[vm.int] {
      running[vm.int] = nil
      busy[migration.from.int] -= 1
      busy[migration.to.int] -= 1
      arriving[migration.to.int] -= 1
      return migration
    }
    guard let index = waiting.firstIndex(where: { $0.vm == vm }) else { return nil }
    arriving[waiting[index].to.int] -= 1
    return waiting.remove(at: index)
  }

  /// VMs that go to this host, in order of names.
  func vms(goingTo host: HostIndex) -> [VMIndex] {
    guard arriving[host.int] > 0 else { return [] }
    let all = running.compactMap { $0 } + waiting
    return all.filter { $0.to == host }.map(\.vm).sorted()
  }
}
