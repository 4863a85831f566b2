namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>Converts 64 bytes to bit masks. All kernels give the same masks and differ only in the width of their registers.</summary>
internal interface IBlockKernel
{
    /// <summary>Whether this machine supports it.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>Classifies <see cref="BlockMasks.Bytes"/> bytes from a reference on. The first byte is the lowest bit.</summary>
    static abstract BlockMasks Classify(ref readonly byte block);
}
