namespace ModelRunner.GgufGenerator.Training;

/// <summary>The rotary position embedding: pairs of neighbouring numbers of a head are rotated by an angle that grows with the position.</summary>
internal sealed class Rotation
{
    private readonly Shape _shape;
    private readonly float[] _cosines;
    private readonly float[] _sines;

    /// <summary>Computes the angles of all positions.</summary>
    public Rotation(Shape shape)
    {
        _shape = shape;
        int half = shape.HeadWidth / 2;
        _cosines = new float[shape.Length * half];
        _sines = new float[shape.Length * half];
        for (int position = 0; position < shape.Length; position++)
        {
            for (int i = 0; i < half; i++)
            {
                double angle = position * Math.Pow(Shape.RopeBase, -2.0 * i / shape.HeadWidth);
                _cosines[(position * half) + i] = (float)Math.Cos(angle);
                _sines[(position * half) + i] = (float)Math.Sin(angle);
            }
        }
    }

    /// <summary>Rotates all heads of all positions.</summary>
    /// <param name="rows">One row of numbers for each position.</param>
    /// <param name="direction">1 forward, -1 backward (for gradients).</param>
    public void Apply(float[] rows, int direction)
    {
        int half = _shape.HeadWidth / 2;
        for (int position = 0; position < _shape.Length; position++)
        {
            for (int head = 0; head < _shape.Heads; head++)
            {
                Span<float> part = rows.AsSpan((position * _shape.Width) + (head * _shape.HeadWidth), _shape.HeadWidth);
                for (int i = 0; i < half; i++)
                {
                    float cosine = _cosines[(position * half) + i];
                    float sine = _sines[(position * half) + i] * direction;
                    (part[2 * i], part[(2 * i) + 1]) =
                        ((part[2 * i] * cosine) - (part[(2 * i) + 1] * sine), (part[2 * i] * sine) + (part[(2 * i) + 1] * cosine));
                }
            }
        }
    }
}
