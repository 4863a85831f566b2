namespace ModelRunner.Exposition.Reading.Kernels;

/// <summary>The available kernels.</summary>
internal enum BlockKernel
{
    Scalar,
    Vector128,
    Vector256,
    Vector512,
}
