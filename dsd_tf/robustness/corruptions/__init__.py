"""Common corruptions of images, with the constants published for CIFAR.

Hendrycks & Dietterich 2019, "Benchmarking Neural Network Robustness to Common Corruptions and Perturbations". Each is a
function of one image, float64 [H, W, C] in [0, 1], a severity of 1 to 5, and a random stream; what it returns may leave
[0, 1].
"""
