import CGSL

extension Statistics {
  /// R² of the least-squares fit of a column by others and a constant: the part of its variance they explain, 0 … 1.
  ///
  /// Rule      1 − residual / total sum of squares; collinear columns count once: singular values below a
  ///           billionth of the largest are left out, well above rounding and well below what data say.
  /// Input     columns as long as `values`. Nil for fewer than two values or when they are all equal. At least as many
  ///           coefficients as values explain everything: 1.
  /// Source    GSL, gsl_multifit_linear_tsvd.
  public static func determination(of values: [Double], by columns: [[Double]]) -> Double? {
    precondition(columns.allSatisfy { $0.count == values.count }, "columns are of one length")
    guard let total = totalSumOfSquares(values), total > 0 else { return nil }
    guard values.count > columns.count + 1 else { return 1 }
    let (rows, terms) = (values.count, columns.count + 1)
    guard let x = gsl_matrix_alloc(rows, terms), let y = gsl_vector_alloc(rows),
      let fit = gsl_vector_alloc(terms), let covariance = gsl_matrix_alloc(terms, terms),
      let work = gsl_multifit_linear_alloc(rows, terms)
    else { preconditionFailure("out of memory") }
    defer {
      gsl_matrix_free(x)
      gsl_vector_free(y)
      gsl_vector_free(fit)
      gsl_matrix_free(covariance)
      gsl_multifit_linear_free(work)
    }
    for row in 0..<rows {
      gsl_vector_set(y, row, values[row])
      gsl_matrix_set(x, row, 0, 1)
      for (column, entries) in columns.enumerated() {
        gsl_matrix_set(x, row, column + 1, entries[row])
      }
    }
    // GSL's own sum of squares counts a left-out singular value as fitted, so residuals are taken from the fit.
    var unused = 0.0
    var rank = 0
    gsl_multifit_linear_tsvd(
      x, y, smallestSingularValue, fit, covariance, &unused, &rank, work)
    gsl_multifit_linear_residuals(x, y, fit, y)
    var residual = 0.0
    for row in 0..<rows { residual += gsl_vector_get(y, row) * gsl_vector_get(y, row) }
    return max(0, min(1, 1 - residual / total))
  }

  /// Of the largest.
  private static let smallestSingularValue = 1e-9

  private static func totalSumOfSquares(_ values: [Double]) -> Double? {
    values.count < 2 ? nil : gsl_stats_tss(values, 1, values.count)
  }
}
