using CsCheck;
using ModelRunner.GgufGenerator.Training;

namespace ModelRunner.GgufGenerator.Tests.Training;

public sealed class MatrixProductTests
{
    [Fact]
    public void It_is_the_product_for_every_size_and_both_orders() =>
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 6], Gen.Int[1, 7], Gen.Bool, Gen.Bool).Sample((rows, lanes, inner, isTransposed, adds) =>
        {
            int columns = 16 * lanes;
            float[] a = [.. Enumerable.Range(0, rows * inner).Select(i => (float)((i * 7 % 11) - 5))];
            float[] b = [.. Enumerable.Range(0, inner * columns).Select(i => (float)((i * 5 % 13) - 6))];
            float[] c = [.. Enumerable.Range(0, rows * columns).Select(i => (float)(i % 3))];
            (int aRow, int aColumn) = isTransposed ? (1, rows) : (inner, 1);
            float[] expected = [.. Enumerable.Range(0, rows * columns).Select(i =>
                (adds ? c[i] : 0) + Enumerable.Range(0, inner).Sum(k => a[(i / columns * aRow) + (k * aColumn)]
                    * b[(k * columns) + (i % columns)]))];

            MatrixProduct.Compute(a, aRow, aColumn, b, columns, c, columns, (rows, columns, inner), adds);

            Assert.Equal(expected, c);
        });
}
