namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>The kernels, for those who choose one.</summary>
internal enum BlockKernel
{
    Scalar,
    Vector128,
    Vector256,
    Vector512,
}
