import CGSL

extension Statistics {
  /// R² of the least-squares fit of a column by others and a constant: the part of its variance they explain, 0 … 1.
  ///
  /// Rule      1 − residual / total sum of squares; collinear columns count once (singular values below the machine's
  ///           precision are left out).
  /// Input     columns as long as `values`. Nil for fewer than two values or when they are all equal. At least as many
  ///           coefficients as values explain everything: 1.
  /// Source    GSL, gsl_multifit_linear.
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
    var residual = 0.0
    gsl_multifit_linear(x, y, fit, covariance, &residual, work)
    return max(0, min(1, 1 - residual / total))
  }

  private static func totalSumOfSquares(_ values: [Double]) -> Double? {
    values.count < 2 ? nil : gsl_stats_tss(values, 1, values.count)
  }
}
