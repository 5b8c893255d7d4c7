import CGSL

extension Statistics {
  /// Spearman's rank correlation of two columns: 1 where they rise together, −1 where one falls as the other rises.
  ///
  /// Rule      Pearson's correlation of the ranks; equal values share the mean of their ranks.
  /// Returns   nil with fewer than 3 pairs, or where a column has one value only: there are no ranks to compare.
  /// Source    gsl_stats_spearman.
  public static func rankCorrelation(_ first: [Double], _ second: [Double]) -> Double? {
    precondition(first.count == second.count, "pairs take two columns of one length")
    guard first.count >= 3, first.contains(where: { $0 != first[0] }),
      second.contains(where: { $0 != second[0] }),
      first.allSatisfy(\.isFinite), second.allSatisfy(\.isFinite)
    else { return nil }
    var work = [Double](repeating: 0, count: 2 * first.count)
    return gsl_stats_spearman(first, 1, second, 1, first.count, &work)
  }
}
