namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>Turns 64 bytes into bit masks. All kernels give the same masks; they differ in the width of their registers only.</summary>
internal interface IBlockKernel
{
    /// <summary>Whether this machine has the registers.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>Classifies <see cref="BlockMasks.Bytes"/> bytes from a reference on. The first byte is the lowest bit.</summary>
    static abstract BlockMasks Classify(ref readonly byte block);
}
