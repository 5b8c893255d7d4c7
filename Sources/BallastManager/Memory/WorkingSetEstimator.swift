import BallastUnits

/// Estimates the active part of a guest's memory from random samples of its pages.
///
/// Rule      per period the fraction f = touched/sampled moves a slow and a fast average; while the period runs, a copy
///           of the fast one is moved by what has been seen of it; the estimate is the largest of the three.
/// Promises  growth shows within the period, shrinking slowly · 0 … 100 % · a sample that makes no sense (negative, more
///           touched than drawn) teaches nothing.
/// Rounding  averages are kept to 2⁻²⁰ of a millionth, rounded down; the estimate to a millionth, to nearest.
/// Cost      O(1) per observation.
/// Source    Waldspurger, OSDI 2002, §5.3; 100 pages and 60 s as in ESX since 4.0. The gains are not published: 1/8 and
///           1/2 are ours.
public struct WorkingSetEstimator: Sendable, Equatable {
  public struct Parameters: Sendable, Equatable {
    /// A period ends when this much time of the VM has passed or so many pages have been drawn, whichever is later.
    public var period = SimDuration.seconds(60)
    public var samplesPerPeriod: Int64 = 100
    /// Parts of the difference that an average moves by per period.
    public var slowGain = PartsPerMillion(125_000)
    public var fastGain = PartsPerMillion(500_000)
    public init() {}
  }

  private var slow: Int64 = 0
  private var fast: Int64 = 0
  /// No period has ended yet.
  private var isNew = true
  private var elapsed: Int64 = 0
  private var sampled: Int64 = 0
  private var touched: Int64 = 0
  /// Pages behind the last estimate.
  private var lastSampled: Int64 = 0

  private static let one: Int64 = 1_000_000 << 20
  /// More pages in one reading are nonsense, as is more time than a year.
  private static let pagesMax: Int64 = 1 << 40
  private static let elapsedMax: Int64 = 31_536_000_000_000_000

  public init() {}

  /// Takes in what one observation has sampled.
  ///
  /// - Parameter elapsed: time of the VM that the sample covers.
  public mutating func note(
    sampled: Int64, touched: Int64, elapsed: SimDuration, _ parameters: Parameters = Parameters()
  ) {
    guard (1...Self.pagesMax).contains(sampled), (0...sampled).contains(touched) else { return }
    self.sampled = min(self.sampled + sampled, Self.pagesMax)
    self.touched = min(self.touched + touched, self.sampled)
    self.elapsed = min(self.elapsed + min(max(0, elapsed.value), Self.elapsedMax), Self.elapsedMax)
    lastSampled = self.sampled
    guard self.elapsed >= parameters.period.value, self.sampled >= parameters.samplesPerPeriod
    else { return }
    let fraction = periodFraction
    slow = isNew ? fraction : Self.moved(slow, to: fraction, by: parameters.slowGain)
    fast = isNew ? fraction : Self.moved(fast, to: fraction, by: parameters.fastGain)
    isNew = false
    self.elapsed = 0
    self.sampled = 0
    self.touched = 0
  }

  /// The active fraction; nil before the first sample.
  public func activeFraction(_ parameters: Parameters = Parameters()) -> PartsPerMillion? {
    if isNew && sampled == 0 { return nil }
    var largest = max(slow, fast)
    if sampled > 0 {
      let running =
        isNew ? periodFraction : Self.moved(fast, to: periodFraction, by: parameters.fastGain)
      largest = max(largest, running)
    }
    return PartsPerMillion(roundedRatio(largest, by: 1, over: 1 << 20))
  }

  /// √(f (1 − f) / n) with n the pages of the last period (or of the running one); nil before the first sample. The
  /// error of one period: averages have less.
  public func standardError(_ parameters: Parameters = Parameters()) -> Double? {
    guard let fraction = activeFraction(parameters), lastSampled > 0 else { return nil }
    let f = Double(fraction.value) / 1_000_000
    return (f * (1 - f) / Double(lastSampled)).squareRoot()
  }

  private var periodFraction: Int64 { scaled(Self.one, by: touched, over: sampled) }

  private static func moved(_ average: Int64, to value: Int64, by gain: PartsPerMillion) -> Int64 {
    average + scaled(value - average, by: min(max(gain.value, 0), 1_000_000), over: 1_000_000)
  }
}
