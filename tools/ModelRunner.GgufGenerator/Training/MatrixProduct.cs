using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace ModelRunner.GgufGenerator.Training;

/// <summary>Products of matrices, four rows and 32 columns at a time.</summary>
internal static class MatrixProduct
{
    private const int Lane = 16;

    /// <summary>Computes <c>c = a * b</c>, or adds the product to <c>c</c>.</summary>
    /// <param name="a">The left matrix; either of its strides may be 1, so that it can be read transposed.</param>
    /// <param name="aRow">The distance between rows of <paramref name="a"/>.</param>
    /// <param name="aColumn">The distance between columns of <paramref name="a"/>.</param>
    /// <param name="b">The right matrix; the numbers of a row are contiguous.</param>
    /// <param name="bRow">The distance between rows of <paramref name="b"/>.</param>
    /// <param name="c">The result; the numbers of a row are contiguous.</param>
    /// <param name="cRow">The distance between rows of <paramref name="c"/>.</param>
    /// <param name="size">Rows of the result, its columns (a multiple of 16), and the summed dimension.</param>
    /// <param name="adds">Whether the product is added.</param>
    public static void Compute(
        ReadOnlySpan<float> a, int aRow, int aColumn, ReadOnlySpan<float> b, int bRow,
            Span<float> c, int cRow, (int Rows, int Columns, int Inner) size, bool adds)
    {
        if (size.Columns % Lane != 0)
            throw new ArgumentException($"The columns must be a multiple of {Lane}, not {size.Columns}.", nameof(size));

        for (int column = 0; column < size.Columns;)
        {
            bool isWide = size.Columns - column >= 2 * Lane;
            int row = 0;
            for (; isWide && row + 4 <= size.Rows; row += 4)
                FourRows(a[(row * aRow)..], aRow, aColumn, b[column..], bRow, c[((row * cRow) + column)..], cRow, size.Inner, adds);
            for (; row < size.Rows; row++)
            {
                OneRow(a[(row * aRow)..], aColumn, b[column..], bRow, c[((row * cRow) + column)..], size.Inner, adds);
                if (isWide)
                    OneRow(a[(row * aRow)..], aColumn, b[(column + Lane)..], bRow, c[((row * cRow) + column + Lane)..], size.Inner, adds);
            }

            column += isWide ? 2 * Lane : Lane;
        }
    }

    private static void FourRows(
        ReadOnlySpan<float> a, int aRow, int aColumn, ReadOnlySpan<float> b, int bRow, Span<float> c, int cRow, int inner, bool adds)
    {
        ref float left = ref MemoryMarshal.GetReference(a);
        ref float right = ref MemoryMarshal.GetReference(b);
        Vector512<float> sum00 = default, sum01 = default, sum10 = default, sum11 = default;
        Vector512<float> sum20 = default, sum21 = default, sum30 = default, sum31 = default;
        nuint at = 0;
        nuint from = 0;
        for (int k = 0; k < inner; k++, at += (nuint)aColumn, from += (nuint)bRow)
        {
            Vector512<float> b0 = Vector512.LoadUnsafe(ref right, from);
            Vector512<float> b1 = Vector512.LoadUnsafe(ref right, from + Lane);
            Vector512<float> x = Vector512.Create(Unsafe.Add(ref left, at));
            (sum00, sum01) = (Vector512.FusedMultiplyAdd(x, b0, sum00), Vector512.FusedMultiplyAdd(x, b1, sum01));
            x = Vector512.Create(Unsafe.Add(ref left, at + (nuint)aRow));
            (sum10, sum11) = (Vector512.FusedMultiplyAdd(x, b0, sum10), Vector512.FusedMultiplyAdd(x, b1, sum11));
            x = Vector512.Create(Unsafe.Add(ref left, at + (nuint)(2 * aRow)));
            (sum20, sum21) = (Vector512.FusedMultiplyAdd(x, b0, sum20), Vector512.FusedMultiplyAdd(x, b1, sum21));
            x = Vector512.Create(Unsafe.Add(ref left, at + (nuint)(3 * aRow)));
            (sum30, sum31) = (Vector512.FusedMultiplyAdd(x, b0, sum30), Vector512.FusedMultiplyAdd(x, b1, sum31));
        }

        Store(c, sum00, sum01, adds);
        Store(c[cRow..], sum10, sum11, adds);
        Store(c[(2 * cRow)..], sum20, sum21, adds);
        Store(c[(3 * cRow)..], sum30, sum31, adds);
    }

    private static void OneRow(ReadOnlySpan<float> a, int aColumn, ReadOnlySpan<float> b, int bRow, Span<float> c, int inner, bool adds)
    {
        Vector512<float> sum = adds ? Vector512.Create<float>(c) : default;
        for (int k = 0; k < inner; k++)
            sum = Vector512.FusedMultiplyAdd(Vector512.Create(a[k * aColumn]), Vector512.Create(b[(k * bRow)..]), sum);
        sum.CopyTo(c);
    }

    private static void Store(Span<float> c, Vector512<float> first, Vector512<float> second, bool adds)
    {
        if (adds)
        {
            first += Vector512.Create<float>(c);
            second += Vector512.Create<float>(c[Lane..]);
        }

        first.CopyTo(c);
        second.CopyTo(c[Lane..]);
    }
}
