# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .R
#       format_name: percent
#   kernelspec:
#     display_name: R
#     language: R
#     name: ir
# ---

# %% [markdown]
# # Quantiles of a sample, in R
#
# The median splits a sample in halves. The 95th quantile of response times says what the slowest twentieth waits.

# %%
times <- c(12, 15, 11, 40, 13, 12, 90, 14)
quantile(times, c(0.5, 0.95))

# %% [markdown]
# A mean would hide the two slow answers; the quantile names them.
