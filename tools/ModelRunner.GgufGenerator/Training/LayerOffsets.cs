namespace ModelRunner.GgufGenerator.Training;

/// <summary>Where the weights of one layer begin in the array of all weights.</summary>
internal sealed record LayerOffsets(
    int AttentionNorm, int Query, int Key, int Value, int Output, int InnerNorm, int Gate, int Up, int Down);
