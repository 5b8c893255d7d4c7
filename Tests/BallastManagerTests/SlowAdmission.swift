import BallastManager
import BallastModel
import BallastTestSupport
import BallastUnits

/// Admission of one resource in the obvious way: everything is asked for again from nothing, pool by pool and VM by VM,
/// each asking its pool, which takes its own first and asks its parent for the rest.
struct SlowAdmission {
  struct Pool {
    var parent: Int
    var reservation: Int64
    var limit: Int64?
    var isExpandable: Bool
  }

  /// What each pool gave, and what it asked its parent for on behalf of its children.
  struct Books {
    var free: [Int64]
    var given: [Int64]
    var borrowed: [Int64]
  }

  var pools: [Pool]
  var capacity: Int64

  init(
    _ tree: PoolTree, _ resource: AdmissionResource, capacity: Charge
  ) {
    self.capacity = capacity[resource]
    pools = tree.pools.map { pool in
      switch resource {
      case .cpu:
        Pool(
          parent: pool.parent, reservation: pool.cpu.reservation.value,
          limit: pool.cpu.limit?.value, isExpandable: pool.cpu.expandable)
      case .memory:
        Pool(
          parent: pool.parent, reservation: pool.memory.reservation.value,
          limit: pool.memory.limit?.value, isExpandable: pool.memory.expandable)
      }
    }
  }

  /// The books with all these VMs in, or nil where somebody is refused.
  func books(_ vms: [(pool: Int, charge: Int64)]) -> Books? {
    var books = Books(
      free: pools.map(\.reservation), given: pools.map { _ in 0 }, borrowed: pools.map { _ in 0 })
    books.free[0] = capacity
    for pool in pools.indices.dropFirst() {
      guard ask(pools[pool].reservation, of: pools[pool].parent, &books) else { return nil }
    }
    for vm in vms {
      guard ask(vm.charge, of: vm.pool, &books) else { return nil }
    }
    return books
  }

  private func ask(_ amount: Int64, of pool: Int, _ books: inout Books) -> Bool {
    let own = min(amount, books.free[pool])
    let missing = amount - own
    books.free[pool] -= own
    books.given[pool] += amount
    if let limit = pools[pool].limit, books.given[pool] > limit, amount > 0 { return false }
    if missing == 0 { return true }
    if pool == 0 || !pools[pool].isExpandable { return false }
    books.borrowed[pool] += missing
    return ask(missing, of: pools[pool].parent, &books)
  }
}

/// A random tree of pools that can be changed, with the VMs in it.
struct AdmissionWorld {
  struct Pool {
    var parent: Int
    var cpu: ResourceSettings<Kilohertz>
    var memory: ResourceSettings<Bytes>
  }

  /// Parents first; 0 is the root.
  var pools: [Pool]
  var capacity: Charge
  /// By VM index.
  var vms: [(pool: Int, charge: Charge)?] = Array(repeating: nil, count: 12)

  init(using random: inout SeededGenerator) {
    // Depth first, at most 5 levels below the root, so that the tree numbers them alike.
    var pools = [Pool(parent: -1, cpu: .init(), memory: .init())]
    var path = [0]
    for index in 1...Int(random.integer(1...8)) {
      path.removeLast(Int(random.integer(0...Int64(path.count - 1))))
      if path.count > 5 { path.removeLast(path.count - 5) }
      pools.append(
        Pool(parent: path[path.count - 1], cpu: .init(), memory: .init()))
      path.append(index)
    }
    self.pools = pools
    capacity = Charge(cpu: random.integer(0...90), memory: random.integer(0...90))
    // Most trees that are drawn do not add up; most that are tried shall.
    for _ in 0..<6 {
      for pool in 1..<pools.count {
        self.pools[pool].cpu = Self.settings(using: &random, max: 12)
        self.pools[pool].memory = Self.settings(using: &random, max: 12)
      }
      if isFeasible { return }
    }
  }

  static func settings<Amount: Quantity>(
    using random: inout SeededGenerator, max: Int64
  ) -> ResourceSettings<Amount> {
    let reservation = random.isHit(oneIn: 3) ? 0 : random.integer(0...max)
    let limit = random.isHit(oneIn: 5) ? reservation + random.integer(0...max) : nil
    return ResourceSettings(
      reservation: Amount(reservation), limit: limit.map { Amount($0) },
      expandable: !random.isHit(oneIn: 3))
  }

  static func charge(using random: inout SeededGenerator) -> Charge {
    Charge(
      cpu: random.isHit(oneIn: 4) ? 0 : random.integer(0...9),
      memory: random.isHit(oneIn: 4) ? 0 : random.integer(0...9))
  }

  var tree: PoolTree { PoolTree(specs(under: 0), profile: .esxi) }

  private func specs(under parent: Int) -> [PoolSpec] {
    pools.indices.filter { pools[$0].parent == parent }.map { index in
      PoolSpec(
        name: "p\(index)", cpu: pools[index].cpu, memory: pools[index].memory,
        pools: specs(under: index), place: SourcePlace(file: "t", line: 1, column: 1))
    }
  }

  /// The twin's answer for each resource; nil where somebody would be refused.
  func books(_ resource: AdmissionResource) -> SlowAdmission.Books? {
    SlowAdmission(tree, resource, capacity: capacity)
      .books(vms.compactMap { $0 }.map { ($0.pool, $0.charge[resource]) })
  }

  var isFeasible: Bool { AdmissionResource.allCases.allSatisfy { books($0) != nil } }

  /// VMs in a pool or below it.
  func chargesBelow(_ pool: Int, _ resource: AdmissionResource) -> Int64 {
    vms.reduce(0) { sum, vm in
      guard let vm else { return sum }
      var at = vm.pool
      while at > pool { at = pools[at].parent }
      return sum + (at == pool ? vm.charge[resource] : 0)
    }
  }
}
