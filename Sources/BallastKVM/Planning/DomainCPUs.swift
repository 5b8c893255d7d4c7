import BallastUnits

/// Where a domain may run: what the pins of its vCPUs leave it of the host.
public struct DomainCPUs: Sendable, Equatable, Codable {
  /// Numbers of the logical CPUs that its vCPUs may run on, ascending; nil: no part of the host is closed to it.
  public var allowed: [Int]?
  /// How many of them it can use at the same time at most: the smallest of its vCPUs, its CPUs and, over the different
  /// pins, the sum of the smaller of vCPUs and CPUs.
  public var atOnce: Int64

  public init(allowed: [Int]? = nil, atOnce: Int64) {
    self.allowed = allowed
    self.atOnce = atOnce
  }

  /// - Parameter pcpus: logical CPUs of the host.
  public init(of domain: DomainSnapshot, pcpus: Int64) {
    let host = min(max(1, pcpus), ReadingRange.cpusMax)
    let vcpus = min(max(1, domain.vcpus), ReadingRange.cpusMax)
    // A vCPU without a list, or with one that says nothing, runs anywhere.
    let lists = domain.settings.pins.prefix(Int(vcpus)).compactMap { CPUList($0)?.numbers }
      .filter { !$0.isEmpty && $0.count < host }
    let free = vcpus - Int64(lists.count)
    var counts: [[Int]: Int64] = [:]
    for list in lists { counts[list, default: 0] += 1 }
    let each = counts.reduce(Int64(0)) { $0 + min($1.value, Int64($1.key.count)) }
    let union = Set(lists.joined())
    atOnce = min(min(each, Int64(union.count)) + free, host)
    if free == 0 && union.count < host { allowed = union.sorted() }
  }

  /// Both may run on the same CPU.
  public func meets(_ other: DomainCPUs) -> Bool {
    guard let allowed, let theirs = other.allowed else { return true }
    return !Set(allowed).isDisjoint(with: theirs)
  }
}

/// Parts of a host that some domains cannot leave.
///
/// Rule      each different set of pins, and each union of sets that overlap in a row; who may run only inside one belongs
///           to it, and together its domains get no more than it has.
/// Promises  no domain gets more than it can use at once, and those of a part no more than the part · without pins nothing
///           is held.
/// Rounding  that of `waterFill`.
/// Cost      O(parts · domains) sets of CPUs.
public struct PinnedParts: Sendable, Equatable {
  public struct Part: Sendable, Equatable {
    /// Ascending.
    public var cpus: [Int]
    /// Positions of its domains, ascending.
    public var members: [Int]
  }
  /// The smaller ones first.
  public private(set) var parts: [Part] = []
  private let domains: [DomainCPUs]

  public init(_ domains: [DomainCPUs]) {
    self.domains = domains
    let pinned = Set(domains.compactMap(\.allowed)).sorted(by: Self.comesFirst)
    var sets = pinned
    for set in Self.unions(of: pinned) where !pinned.contains(set) { sets.append(set) }
    parts = sets.sorted(by: Self.comesFirst).map { cpus in
      let inside = Set(cpus)
      return Part(
        cpus: cpus,
        members: domains.indices.filter { domains[$0].allowed.map(inside.isSuperset) ?? false })
    }
  }

  private static func comesFirst(_ a: [Int], _ b: [Int]) -> Bool {
    a.count != b.count ? a.count < b.count : a.lexicographicallyPrecedes(b)
  }

  /// What hangs together by common CPUs.
  private static func unions(of sets: [[Int]]) -> [[Int]] {
    var unions: [Set<Int>] = []
    for set in sets {
      let touching = unions.filter { !$0.isDisjoint(with: set) }
      unions.removeAll { !$0.isDisjoint(with: set) }
      unions.append(touching.reduce(into: Set(set)) { $0.formUnion($1) })
    }
    return unions.map { $0.sorted() }
  }

  /// What one domain claims, kHz.
  public struct Claim: Sendable, Equatable {
    public var reservation: Int64
    /// What it wants and may have.
    public var most: Int64
    public var weight: Int64
    public init(reservation: Int64, most: Int64, weight: Int64) {
      self.reservation = reservation
      self.most = most
      self.weight = weight
    }
  }

  /// Divides the host: each part first, then the whole.
  ///
  /// - Parameters:
  ///   - claims: one per domain.
  ///   - coreRate: of a logical CPU, kHz.
  ///   - capacity: of the host, kHz.
  public func divided(_ claims: [Claim], coreRate: Int64, capacity: Int64) -> [Int64] {
    let capacity = max(0, capacity)
    let weights = claims.map { min(max(1, $0.weight), FlatShares.sharesMax) }
    var most = zip(claims, domains).map { min(max(0, $0.most), $1.atOnce * coreRate, capacity) }
    let least = claims.map { max(0, $0.reservation) }
    for part in parts where !part.members.isEmpty {
      let given = waterFill(
        capacity: min(capacity, Int64(part.cpus.count) * coreRate),
        lower: part.members.map { least[$0] }, upper: part.members.map { most[$0] },
        weights: part.members.map { weights[$0] })
      for (member, amount) in zip(part.members, given) { most[member] = amount }
    }
    return waterFill(capacity: capacity, lower: least, upper: most, weights: weights)
  }
}
