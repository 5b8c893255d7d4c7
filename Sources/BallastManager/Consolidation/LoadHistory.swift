import BallastMath
import BallastUnits

/// The newest CPU demands of a cluster's VMs, and what they say of a host.
///
/// Rule      a host's history is the sum of the histories of the VMs now on it, newest beside newest, in ppm of its
///           capacity; it is as long as the longest of them.
/// Rounding  down to 1 ppm per value; quartiles and medians exact between ranks, then half away from zero (BallastMath);
///           the line through ten values is exact.
/// Source    the rules of validation/README.md, which follow Beloglazov and Buyya, Concurrency and Computation 24, 2012.
struct LoadHistory: Sendable {
  static let length = 30

  private var values: [Int64] = []
  private var counts: [Int] = []
  private var last = SimTime(-1)

  /// A second sample of one instant is dropped. A VM that is nowhere starts anew.
  mutating func note(_ inventory: ClusterInventory, at time: SimTime) {
    guard time > last else { return }
    last = time
    while counts.count < inventory.vms.count {
      counts.append(0)
      values.append(contentsOf: repeatElement(0, count: Self.length))
    }
    for vm in inventory.vms.indices {
      guard let host = inventory.vms[vm].host else {
        counts[vm] = 0
        continue
      }
      values[vm * Self.length + counts[vm] % Self.length] = inventory.cpuDemand(of: vm, on: host)
      counts[vm] += 1
    }
  }

  func count(of vm: Int) -> Int { vm < counts.count ? min(counts[vm], Self.length) : 0 }

  /// kHz, `age` samples back; 0 where there is none.
  func demand(of vm: Int, age: Int) -> Int64 {
    guard age < count(of: vm) else { return 0 }
    return values[vm * Self.length + (counts[vm] - 1 - age) % Self.length]
  }

  /// Newest first, in ppm of the capacity.
  func host(_ vms: [Int], capacity: Int64) -> [Int64] {
    let length = vms.map(count(of:)).max() ?? 0
    return (0..<length).map { age in
      partsPerMillion(vms.reduce(Int64(0)) { $0 + demand(of: $1, age: age) }, of: capacity)
    }
  }

  /// Whether a host with these VMs and this load is overloaded.
  ///
  /// - Parameters:
  ///   - load, capacity: kHz.
  ///   - migrationSteps: decisions until the longest migration from it would be done.
  func isOverloaded(
    _ detector: OverloadDetector, vms: [Int], load: Int64, capacity: Int64, migrationSteps: Int64
  ) -> Bool {
    func exceeds(_ line: Int64) -> Bool {
      Int128(load) * 1_000_000 > Int128(line) * Int128(capacity)
    }
    /// Too short a history: 70 %.
    let fallback = PartsPerMillion.percent(70).value
    switch detector {
    case .threshold(let line): return exceeds(line.value)
    case .interquartileRange(let safety):
      let sorted = host(vms, capacity: capacity).sorted()
      guard sorted.count >= 12,
        let low = Statistics.quantile(ofSorted: sorted, at: QuantileLevel(1, of: 4)),
        let high = Statistics.quantile(ofSorted: sorted, at: QuantileLevel(3, of: 4))
      else { return exceeds(fallback) }
      return exceeds(1_000_000 - scaled(high - low, by: safety.value, over: 1_000_000))
    case .medianAbsoluteDeviation(let safety):
      let sorted = host(vms, capacity: capacity).sorted()
      guard sorted.count >= 12, let median = Statistics.quantile(ofSorted: sorted, at: .median),
        let deviation = Statistics.quantile(
          ofSorted: sorted.map { abs($0 - median) }.sorted(), at: .median)
      else { return exceeds(fallback) }
      return exceeds(1_000_000 - scaled(deviation, by: safety.value, over: 1_000_000))
    case .localRegression(let safety):
      let history = host(vms, capacity: capacity)
      guard history.count >= 10 else { return exceeds(fallback) }
      return Self.line(through: history.prefix(10).reversed(), at: 10 + migrationSteps)
        * Int128(safety.value) >= Self.lineUnit * 1_000_000 * 1_000_000
    }
  }

  /// What `line` counts in.
  static let lineUnit: Int128 = 330

  /// 330 × the least-squares line through y₁ … y₁₀ at `x`: with x̄ = 11/2 and Σ (x − x̄)² = 165/2 it is
  /// 33 Σ y + (2x − 11) Σ (2i − 11) yᵢ, a whole number.
  static func line(through values: [Int64], at x: Int64) -> Int128 {
    var (sum, slope) = (Int128(0), Int128(0))
    for (index, value) in values.enumerated() {
      sum += Int128(value)
      slope += Int128(2 * (index + 1) - 11) * Int128(value)
    }
    return 33 * sum + Int128(2 * x - 11) * slope
  }

  /// Part of a VM's history that those of others explain, in ppm, rounded to nearest; 0 where nothing varies.
  func correlation(of vm: Int, with others: [Int]) -> Int64 {
    let length = ([vm] + others).map(count(of:)).min() ?? 0
    func column(_ vm: Int) -> [Double] { (0..<length).map { Double(demand(of: vm, age: $0)) } }
    let explained = Statistics.determination(of: column(vm), by: others.map(column)) ?? 0
    return Int64((explained * 1_000_000).rounded())
  }
}
