using System.Numerics.Tensors;

namespace ModelRunner.GgufGenerator.Training;

/// <summary>The root mean square norm, and its gradient.</summary>
internal static class Norm
{
    /// <summary>Scales each row to a root mean square of 1, then each column by its weight.</summary>
    public static void Forward(ReadOnlySpan<float> input, ReadOnlySpan<float> weights, Span<float> output)
    {
        int width = weights.Length;
        for (int at = 0; at < input.Length; at += width)
        {
            Span<float> row = output.Slice(at, width);
            TensorPrimitives.Multiply(input.Slice(at, width), Scale(input.Slice(at, width)), row);
            TensorPrimitives.Multiply(row, weights, row);
        }
    }

    /// <summary>Adds the gradients of the input and of the weights.</summary>
    /// <param name="input">The input.</param>
    /// <param name="weights">The weights.</param>
    /// <param name="outputGradient">The gradient of the output.</param>
    /// <param name="inputGradient">Receives the gradient of the input.</param>
    /// <param name="weightGradient">Receives the gradient of the weights.</param>
    public static void Backward(
        ReadOnlySpan<float> input, ReadOnlySpan<float> weights, ReadOnlySpan<float> outputGradient,
            Span<float> inputGradient, Span<float> weightGradient)
    {
        int width = weights.Length;
        for (int at = 0; at < input.Length; at += width)
        {
            ReadOnlySpan<float> row = input.Slice(at, width);
            ReadOnlySpan<float> outer = outputGradient.Slice(at, width);
            float scale = Scale(row);
            float dot = 0;
            for (int i = 0; i < width; i++)
            {
                weightGradient[i] += outer[i] * row[i] * scale;
                dot += outer[i] * weights[i] * row[i];
            }

            float common = dot * scale * scale * scale / width;
            Span<float> inner = inputGradient.Slice(at, width);
            for (int i = 0; i < width; i++)
                inner[i] += (outer[i] * weights[i] * scale) - (row[i] * common);
        }
    }

    private static float Scale(ReadOnlySpan<float> row) =>
        1 / MathF.Sqrt((TensorPrimitives.SumOfSquares(row) / row.Length) + Shape.Epsilon);
}
