namespace ModelRunner.Reliability.Soak;

/// <summary>The slope of a straight line through points, by least squares, with the limits between which it lies with 95 % confidence.</summary>
/// <param name="Value">The slope.</param>
/// <param name="Lower">Its lower limit.</param>
/// <param name="Upper">Its upper limit.</param>
internal readonly record struct Slope(double Value, double Lower, double Upper)
{
    /// <summary>The quantile of the normal distribution for a two-sided 95 %.</summary>
    private const double Normal = 1.959963985;

    /// <summary>Fits a line to at least three points with different x.</summary>
    public static Slope Of(IReadOnlyList<(double X, double Y)> points)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(points.Count, 3, nameof(points));
        double meanX = points.Average(static point => point.X);
        double meanY = points.Average(static point => point.Y);
        double squares = points.Sum(point => (point.X - meanX) * (point.X - meanX));
        double slope = points.Sum(point => (point.X - meanX) * (point.Y - meanY)) / squares;
        double rest = points.Sum(point => Square(point.Y - meanY - (slope * (point.X - meanX))));
        double error = Math.Sqrt(rest / (points.Count - 2) / squares);
        double half = error * Student(points.Count - 2);
        return new Slope(slope, slope - half, slope + half);
    }

    /// <summary>The quantile of Student's distribution for a two-sided 95 %: Cornish and Fisher's series, within 1 % from 4 degrees of freedom.</summary>
    internal static double Student(int degrees)
    {
        const double Z = Normal;
        double n = degrees;
        double cube = Z * Z * Z, fifth = cube * Z * Z, seventh = fifth * Z * Z;
        return Z + ((cube + Z) / (4 * n)) + (((5 * fifth) + (16 * cube) + (3 * Z)) / (96 * n * n))
            + (((3 * seventh) + (19 * fifth) + (17 * cube) - (15 * Z)) / (384 * n * n * n));
    }

    private static double Square(double value) => value * value;
}
