# What a job that can't write has published on its own gh-pages, as a file: the new commits, and the tag
# of a release.
#
#     bash .github/bundle.sh site.bundle
set -euo pipefail

known=$(git rev-parse -q --verify refs/remotes/origin/gh-pages || true)
# Where everything was published already, there is no branch here.
git rev-parse -q --verify refs/heads/gh-pages > /dev/null || git branch -q --no-track gh-pages "$known"
new=(gh-pages)
for tag in $(git tag --list 'pages-*' --points-at gh-pages); do new+=("$tag"); done
if [ "$known" = "$(git rev-parse gh-pages)" ]; then
  new+=(--not "gh-pages^@") # a bundle can't be empty
elif [ -n "$known" ]; then
  new+=("^$known")
fi
git bundle create -q "$1" "${new[@]}"
