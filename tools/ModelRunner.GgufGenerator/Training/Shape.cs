namespace ModelRunner.GgufGenerator.Training;

/// <summary>The sizes of a network of the llama architecture.</summary>
/// <param name="Tokens">Tokens in the vocabulary; a multiple of 16.</param>
/// <param name="Width">Numbers per token; a multiple of 16.</param>
/// <param name="Layers">Layers.</param>
/// <param name="Heads">Attention heads; each gets a multiple of 16 of the width.</param>
/// <param name="Inner">Numbers per token between the two halves of the feed-forward part; a multiple of 16.</param>
/// <param name="Length">Tokens of a training sequence; a multiple of 64.</param>
internal sealed record Shape(int Tokens, int Width, int Layers, int Heads, int Inner, int Length)
{
    /// <summary>Prevents the norm from dividing by zero.</summary>
    public const float Epsilon = 1e-5f;

    /// <summary>The base of the rotary position embedding.</summary>
    public const float RopeBase = 10_000f;

    /// <summary>Numbers per token of one head.</summary>
    public int HeadWidth => Width / Heads;
}
