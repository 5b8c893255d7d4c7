/// Random problems for `waterFill`. Floors are kept as reservations so that demand can be varied.
public struct SharingWorld: Sendable {
  public var capacity: Int64
  public var reservations: [Int64]
  public var demands: [Int64]
  public var weights: [Int64]

  /// The problem a solver sees: nobody is promised more than is wanted.
  public var problem: SharingCase {
    SharingCase(
      capacity: capacity, floors: zip(reservations, demands).map { min($0, $1) }, caps: demands,
      weights: weights)
  }

  /// How large the numbers are. Ties, zeros and near misses are common at every size.
  public struct Scale: Sendable {
    public let amountMax: Int64
    public let weightMax: Int64
    public let countMax: Int64

    public init(amountMax: Int64, weightMax: Int64, countMax: Int64) {
      self.amountMax = amountMax
      self.weightMax = weightMax
      self.countMax = countMax
    }

    public static let tiny = Scale(amountMax: 6, weightMax: 3, countMax: 5)
    public static let usual = Scale(amountMax: 1 << 24, weightMax: 1 << 14, countMax: 12)
    public static let extreme = Scale(amountMax: 1 << 48, weightMax: 1 << 30, countMax: 40)
  }

  public static func random(
    _ scale: Scale, using generator: inout SeededGenerator
  ) -> SharingWorld {
    let count = Int(generator.integer(0...scale.countMax))
    var world = SharingWorld(capacity: 0, reservations: [], demands: [], weights: [])
    for _ in 0..<count {
      let demand = generator.spread(scale.amountMax)
      world.demands.append(demand)
      world.reservations.append(generator.reservation(demand: demand, scale.amountMax))
      world.weights.append(generator.spread(scale.weightMax))
    }
    world.capacity = generator.capacity(for: world.problem)
    return world
  }
}

extension SeededGenerator {
  /// Zero, one, the maximum, or of any magnitude below it.
  fileprivate mutating func spread(_ max: Int64) -> Int64 {
    switch integer(0...9) {
    case 0: 0
    case 1: 1
    case 2: max
    case 3, 4: integer(0...(max >> integer(0...(Int64(63 - max.leadingZeroBitCount)))))
    default: integer(0...max)
    }
  }

  fileprivate mutating func reservation(demand: Int64, _ max: Int64) -> Int64 {
    switch integer(0...5) {
    case 0: demand
    case 1: integer(0...max)
    case 2: integer(0...demand)
    default: 0
    }
  }

  /// Between nothing and a little more than everyone wants, often one unit from a turning point.
  fileprivate mutating func capacity(for problem: SharingCase) -> Int64 {
    let (floors, caps) = (Int64(problem.floorSum), Int64(problem.capSum))
    switch integer(0...9) {
    case 0: return max(0, floors + integer(-1...1))
    case 1: return max(0, caps + integer(-1...1))
    case 2: return integer(0...floors)
    case 3: return integer(0...1)
    default: return integer(floors...(caps))
    }
  }
}
