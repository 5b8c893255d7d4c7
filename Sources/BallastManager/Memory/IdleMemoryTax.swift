import BallastUnits

/// Divides memory by shares per page, where an idle page costs more than an active one.
///
/// Rule      every VM pays ρ = S / (P (f + k (1 − f))) per page, k = 1/(1 − τ); at equilibrium ρ is the same for all
///           between their bounds. With a constant active fraction, P ∝ S / (f + k (1 − f)); with constant active
///           bytes a, P = a + (S/ρ − a)/k where S/ρ exceeds a, and S/ρ below: whoever uses all it has pays no tax.
///           A pool is taxed by the activity of all its VMs together.
/// Promises  those of `waterFill` (adds up, floors and caps hold, nothing idles) · τ = 0 is `waterFill` · lower
///           activity never gets more · within 1 MiB of the exact equilibrium.
/// Rounding  down to 1 byte; the remainder goes by largest fraction, ties to the lower row. Weights that tax makes
///           fractional are kept to 2⁻⁵⁹ of their sum, again for those left once others have reached their bounds.
/// Cost      one to n water-fills per pool (constant fraction), usually two; O(n) per Newton pass (constant bytes).
/// Source    Waldspurger, OSDI 2002, §5.1–5.2.
public struct IdleMemoryTax: Sendable, Equatable {
  /// What a VM's activity does while its memory changes.
  public enum Activity: String, Sendable, Equatable, Codable, CaseIterable {
    /// f stays: the paper's form.
    case constantFraction
    /// a = f · P stays: the guest's working set does not follow its allocation.
    case constantBytes
  }

  /// τ, 0 …< 1: the largest part of a VM's idle memory that may be taken. ESX: 75 %.
  public let rate: PartsPerMillion
  public let activity: Activity

  /// A rate outside its range counts as the nearest in it.
  public init(rate: PartsPerMillion = .percent(75), activity: Activity = .constantFraction) {
    self.rate = PartsPerMillion(min(max(rate.value, 0), 999_999))
    self.activity = activity
  }

  public static let none = IdleMemoryTax(rate: .zero)

  /// k = 1/(1 − τ), for reports.
  public var idleCost: Double { 1_000_000 / Double(1_000_000 - rate.value) }

  /// One VM (or pool) among its siblings. Bytes and shares are within `MemoryTable.bytesMax` and `weightMax`.
  public struct Claim: Sendable, Equatable {
    public var shares: Int64
    /// min(reservation, touched), at most `cap`.
    public var floor: Int64
    public var cap: Int64
    /// What it holds, and how much of that is active.
    public var held: Int64
    public var activeFraction: PartsPerMillion

    public init(
      shares: Int64, floor: Int64 = 0, cap: Int64, held: Int64 = 0,
      activeFraction: PartsPerMillion = .one
    ) {
      self.shares = shares
      self.floor = floor
      self.cap = cap
      self.held = held
      self.activeFraction = activeFraction
    }

    /// Active bytes, rounded down.
    public var activeBytes: Int64 { scaled(held, by: activeFraction.value, over: 1_000_000) }
  }
}
