import BallastModel
import BallastTestSupport
import BallastUnits
import Testing

@testable import BallastManager

/// Random trees of pools, at most 5 deep, under random admissions, releases and reconfigurations.
struct AdmissionPropertyTests {
  static let seeds = testSeeds(usual: 1_000)
  static let steps = 30

  /// After every step: the answer is the slow twin's, a refusal has changed nothing, the books are the twin's, nothing is
  /// overcommitted, and the records account for all that is borrowed.
  @Test(arguments: seeds) func everyStepIsSound(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var world = AdmissionWorld(using: &random)
    var control = AdmissionControl(tree: world.tree, capacity: world.capacity)
    #expect((control.state == .green) == world.isFeasible, "\(replay(seed))")
    for step in 0..<Self.steps {
      let before = (control: control, world: world)
      let answer = Self.step(&control, &world, using: &random)
      let note = "step \(step), \(replay(seed))"
      if answer == .refused { #expect(control == before.control, "\(note)") }
      if before.world.isFeasible, answer != .none {
        #expect((answer == .done) == world.isFeasible, "\(note)")
      }
      if answer == .refused { world = before.world }
      if answer == .done {
        // While something is short, what is admitted makes nothing shorter.
        for problem in control.problems {
          let old = before.control.problems.first {
            $0.pool == problem.pool && $0.resource == problem.resource
          }
          #expect(problem.short <= old?.short ?? 0, "\(note)")
        }
      }
      #expect((control.state == .green) == world.isFeasible, "\(note)")
      guard world.isFeasible else { continue }
      Self.checkBooks(control, world, note)
    }
  }

  enum Answer { case done, refused, none }

  /// One random change, tried on both. The world takes it in any case: who calls puts it back where it was refused.
  private static func step(
    _ control: inout AdmissionControl, _ world: inout AdmissionWorld,
    using random: inout SeededGenerator
  ) -> Answer {
    let vm = Int(random.integer(0...11))
    let charge = AdmissionWorld.charge(using: &random)
    let pool = Int(random.integer(0...Int64(world.pools.count - 1)))
    let refusal: Refusal?
    switch random.integer(0...9) {
    case 0...4:
      refusal = control.admit(VMIndex(vm), pool: pool, charge: charge)
      world.vms[vm] = (pool, charge)
    case 5:
      control.release(VMIndex(vm))
      world.vms[vm] = nil
      return .none
    case 6, 7:
      guard let old = world.vms[vm] else { return .none }
      refusal = control.reconfigure(VMIndex(vm), charge: charge)
      world.vms[vm] = (old.pool, charge)
    case 8:
      guard pool > 0 else { return .none }
      world.pools[pool].cpu = AdmissionWorld.settings(using: &random, max: 12)
      world.pools[pool].memory = AdmissionWorld.settings(using: &random, max: 12)
      refusal = control.configure(
        pool: pool, cpu: world.pools[pool].cpu, memory: world.pools[pool].memory)
    default:
      guard random.isHit(oneIn: 3) else { return .none }
      world.capacity = Charge(cpu: random.integer(0...90), memory: random.integer(0...90))
      control.setCapacity(world.capacity)
      return .none
    }
    return refusal == nil ? .done : .refused
  }

  private static func checkBooks(
    _ control: AdmissionControl, _ world: AdmissionWorld, _ note: String
  ) {
    let records = control.records
    let empty = AdmissionControl(tree: world.tree, capacity: world.capacity)
    for resource in AdmissionResource.allCases {
      guard let books = world.books(resource) else { continue }
      for pool in world.pools.indices {
        let isFixed =
          resource == .cpu
          ? !world.pools[pool].cpu.expandable : !world.pools[pool].memory.expandable
        #expect(control.reserved(pool)[resource] == books.given[pool], "\(note)")
        #expect(control.unreserved(pool)[resource] == books.free[pool], "\(note)")
        #expect(control.borrowed(pool)[resource] == books.borrowed[pool], "\(note)")
        // Nothing is overcommitted: below the root no more than capacity, below a fixed pool no more than it reserves.
        let bound =
          pool == 0
          ? world.capacity[resource]
          : resource == .cpu
            ? world.pools[pool].cpu.reservation.value : world.pools[pool].memory.reservation.value
        if pool == 0 || isFixed {
          #expect(world.chargesBelow(pool, resource) <= bound, "\(note)")
        }
        // What is borrowed is what the records say, beside what the pools' own reservations borrow.
        let recorded = records.reduce(empty.borrowed(pool)[resource]) { sum, row in
          sum + row.record.steps.filter { $0.pool == pool }.reduce(0) { $0 + $1.borrowed[resource] }
        }
        #expect(recorded == books.borrowed[pool], "\(note)")
        // The largest charge that is available is admitted, and one unit more is not.
        let most = control.available(pool)[resource]
        #expect(control.refusal(of: Charge { $0 == resource ? most : 0 }, in: pool) == nil)
        #expect(control.refusal(of: Charge { $0 == resource ? most + 1 : 0 }, in: pool) != nil)
      }
    }
    for (vm, record) in records {
      #expect(control.record(of: vm) == record, "\(note)")
      var asked = control.holding(of: vm)?.charge ?? .zero
      for step in record.steps {
        #expect(asked.cpu == step.own.cpu + step.borrowed.cpu, "\(note)")
        #expect(asked.memory == step.own.memory + step.borrowed.memory, "\(note)")
        asked = step.borrowed
      }
      #expect(asked == .zero, "\(note)")
    }
  }

  /// Every tree of two pools in a row with reservations of 0, 1, 2, fixed or expandable, limits of none or 2, under every
  /// capacity up to 3, and every two VMs of 0, 1, 2 in them: the answers are the twin's.
  @Test func smallWorldsAgreeWithTheTwin() {
    var random = SeededGenerator(seed: 0)
    var world = AdmissionWorld(using: &random)
    world.pools = [-1, 0, 1].map { .init(parent: $0, cpu: .init(), memory: .init()) }
    var settings: [ResourceSettings<Kilohertz>] = []
    for reservation in Int64(0)...2 {
      for limit in [nil, Kilohertz(2)] {
        for expandable in [false, true] {
          settings.append(
            .init(reservation: Kilohertz(reservation), limit: limit, expandable: expandable))
        }
      }
    }
    for (outer, inner) in settings.flatMap({ outer in settings.map { (outer, $0) } }) {
      world.pools[1].cpu = outer
      world.pools[2].cpu = inner
      let tree = world.tree
      for capacity in Int64(0)...3 {
        world.capacity = Charge(cpu: capacity, memory: 0)
        let twin = SlowAdmission(tree, .cpu, capacity: world.capacity)
        let fresh = AdmissionControl(tree: tree, capacity: world.capacity)
        guard twin.books([]) != nil else {
          if fresh.state == .green { Issue.record("\(outer) \(inner) \(capacity)") }
          continue
        }
        for first in 0..<9 {
          for second in 0..<9 {
            var control = fresh
            var inside: [(pool: Int, charge: Int64)] = []
            for (vm, choice) in [first, second].enumerated() {
              let asked = (pool: choice / 3, charge: Int64(choice % 3))
              let isPossible = twin.books(inside + [asked]) != nil
              let refusal = control.admit(
                VMIndex(vm), pool: asked.pool, charge: Charge(cpu: asked.charge))
              if isPossible { inside.append(asked) }
              if isPossible != (refusal == nil) {
                Issue.record("\(outer) \(inner) \(capacity) \(first) \(second)")
              }
            }
          }
        }
      }
    }
  }

  /// When everybody has left, in whatever order, everything is as if nobody had ever come; and who is left decides what
  /// is held on the way there.
  @Test(arguments: seeds) func releasingRestoresExactly(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var world = AdmissionWorld(using: &random)
    var control = AdmissionControl(tree: world.tree, capacity: world.capacity)
    for _ in 0..<Self.steps {
      let before = world
      if Self.step(&control, &world, using: &random) == .refused { world = before }
    }
    let inside = world.vms.indices.filter { world.vms[$0] != nil }
    var one = control
    var other = control
    let order = random.shuffled(inside)
    for vm in order.prefix(inside.count / 2) { one.release(VMIndex(vm)) }
    for vm in random.shuffled(Array(order.prefix(inside.count / 2))) {
      other.release(VMIndex(vm))
    }
    #expect(one == other, "\(replay(seed))")
    for vm in order { one.release(VMIndex(vm)) }
    for vm in inside { other.release(VMIndex(vm)) }
    let fresh = AdmissionControl(tree: world.tree, capacity: world.capacity)
    #expect(one == fresh && other == fresh, "\(replay(seed))")
  }

  /// A VM that comes and goes leaves no trace, and a reconfiguration there and back neither.
  @Test(arguments: seeds) func thereAndBackChangesNothing(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var world = AdmissionWorld(using: &random)
    var control = AdmissionControl(tree: world.tree, capacity: world.capacity)
    for _ in 0..<10 {
      let before = world
      if Self.step(&control, &world, using: &random) == .refused { world = before }
    }
    // Giving back while too much is promised is final: it could not be taken again.
    guard control.state == .green else { return }
    let before = control
    let pool = Int(random.integer(0...Int64(world.pools.count - 1)))
    let charge = AdmissionWorld.charge(using: &random)
    if control.admit(VMIndex(12), pool: pool, charge: charge) == nil {
      control.release(VMIndex(12))
    }
    if let old = control.holding(of: VMIndex(0)),
      control.reconfigure(VMIndex(0), charge: charge) == nil
    {
      #expect(control.reconfigure(VMIndex(0), charge: old.charge) == nil, "\(replay(seed))")
    }
    #expect(
      world.pools.indices.allSatisfy { control.reserved($0) == before.reserved($0) },
      "\(replay(seed))")
    #expect(control.records.map(\.record) == before.records.map(\.record), "\(replay(seed))")
  }
}

extension SeededGenerator {
  fileprivate mutating func shuffled(_ values: [Int]) -> [Int] {
    var values = values
    for last in values.indices.dropFirst().reversed() {
      values.swapAt(last, Int(integer(0...Int64(last))))
    }
    return values
  }
}
