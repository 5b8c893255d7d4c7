import BallastManager
import BallastModel
import BallastUnits

/// The pools of one cluster as they stand, for the rows of `pools.csv`.
struct PoolTreeView {
  var tree: PoolTree
  /// Reserved from each pool by its child pools and its powered-on VMs.
  var reserved: [Charge]

  /// - Parameters:
  ///   - counted: what admission has counted; nil: it counts nothing, so nobody borrows, and what is reserved is the sum of
  ///     what is set.
  ///   - byVMs: Σ reservations of the powered-on VMs directly in each pool.
  init(tree: PoolTree, counted: [Charge]?, byVMs: [Charge]) {
    self.tree = tree
    reserved = counted ?? byVMs
    guard counted == nil else { return }
    for pool in tree.pools where pool.parent >= 0 {
      reserved[pool.parent].cpu += pool.cpu.reservation.value
      reserved[pool.parent].memory += pool.memory.reservation.value
    }
  }
}

/// Sums per pool and sample, kept apart per tile so that threads do not meet.
final class PoolBook: @unchecked Sendable {
  private struct Sums: BitwiseCopyable {
    var used: Int64 = 0
    var cpu: Int64 = 0
    var memory: Int64 = 0
    var consumed: Int64 = 0
  }

  private let rowOfVM: [Int]
  /// Per row of `pools.csv`: its cluster and its pool there.
  private let places: [(cluster: Int, pool: Int)]
  /// Per cluster and pool: the row.
  private let rowOfPool: [[Int]]
  private let parents: [[Int]]
  private let window: Int
  private let tileCount: Int
  private let sums: UnsafeMutablePointer<Sums>

  init(world: World, manifest: RunManifest, window: Int, tileCount: Int) {
    self.window = window
    self.tileCount = tileCount
    let trees = world.clusters.map { PoolTree($0.pools, profile: world.profile) }
    var places: [(cluster: Int, pool: Int)] = []
    var rowOfPool = trees.map { [Int](repeating: -1, count: $0.pools.count) }
    for (row, pool) in manifest.pools.enumerated() {
      let cluster = world.clusters.firstIndex { $0.name == pool.cluster }!
      let index = trees[cluster].index(of: pool.path)!
      places.append((cluster, index))
      rowOfPool[cluster][index] = row
    }
    self.places = places
    self.rowOfPool = rowOfPool
    parents = trees.map { $0.pools.map(\.parent) }
    rowOfVM =
      manifest.pools.isEmpty
      ? []
      : world.vms.map { rowOfPool[$0.cluster][trees[$0.cluster].index(of: $0.pool)!] }
    let count = max(1, tileCount * window * places.count)
    sums = .allocate(capacity: count)
    sums.initialize(repeating: Sums(), count: count)
  }

  deinit { sums.deallocate() }

  func row(of vm: VMIndex) -> Int? { rowOfVM.isEmpty ? nil : rowOfVM[vm.int] }

  func add(
    tile: Int, slot: Int, pool: Int, used: Int64, cpu: Int64, memory: Int64, consumed: Int64
  ) {
    let cell = sums + (tile * window + slot) * places.count + pool
    cell.pointee.used += used
    cell.pointee.cpu += cpu
    cell.pointee.memory += memory
    cell.pointee.consumed += consumed
  }

  /// Writes the cells of one sample and clears its sums.
  func fill(_ cells: UnsafeMutablePointer<Int64>, slot: Int, clusters: [PoolTreeView]) {
    guard !places.isEmpty else { return }
    var total = [Sums](repeating: Sums(), count: places.count)
    for tile in 0..<tileCount {
      let row = sums + (tile * window + slot) * places.count
      for pool in places.indices {
        total[pool].used += row[pool].used
        total[pool].cpu += row[pool].cpu
        total[pool].memory += row[pool].memory
        total[pool].consumed += row[pool].consumed
        row[pool] = Sums()
      }
    }
    for cluster in rowOfPool.indices {
      // Children come after their parents: walking backwards adds each subtree up once.
      for pool in rowOfPool[cluster].indices.dropFirst().reversed() {
        let row = rowOfPool[cluster][pool]
        let parent = rowOfPool[cluster][parents[cluster][pool]]
        guard row >= 0, parent >= 0 else { continue }
        total[parent].used += total[row].used
        total[parent].cpu += total[row].cpu
        total[parent].memory += total[row].memory
        total[parent].consumed += total[row].consumed
      }
    }
    for (row, place) in places.enumerated() {
      write(
        total[row], to: cells + row * PoolColumn.count, pool: place.pool,
        clusters[place.cluster])
    }
  }

  private func write(
    _ sums: Sums, to cells: UnsafeMutablePointer<Int64>, pool: Int, _ view: PoolTreeView
  ) {
    func set(_ column: PoolColumn, _ cell: Int64) { cells[column.rawValue] = cell }
    let settings = view.tree.pools[pool]
    let isRoot = settings.parent < 0
    set(.cpuReservation, isRoot ? emptyCell : settings.cpu.reservation.value)
    set(.cpuLimit, settings.cpu.limit?.value ?? emptyCell)
    set(.cpuShares, isRoot ? emptyCell : settings.cpuWeight * 1_000)
    set(.cpuEntitled, sums.cpu)
    set(.cpuUsed, sums.used)
    set(.cpuReservedByChildren, view.reserved[pool].cpu)
    set(.memReservation, isRoot ? emptyCell : settings.memory.reservation.milliMebibytes)
    set(.memLimit, settings.memory.limit?.milliMebibytes ?? emptyCell)
    set(.memShares, isRoot ? emptyCell : settings.memoryWeight * 1_000)
    set(.memEntitled, Bytes(sums.memory).milliMebibytes)
    set(.memUsed, Bytes(sums.consumed).milliMebibytes)
    set(.memReservedByChildren, Bytes(view.reserved[pool].memory).milliMebibytes)
  }
}
