# Push what another job has built, and put it into a folder to be served. Nothing of it is run.
#
#     bash .github/push.sh site.bundle folder
#
# Only commits that come after those that are there are taken, and only if they leave each published
# release as it is.
set -euo pipefail

refuse() {
  echo "not published: $1" >&2
  exit 1
}

if [ -n "${GH_TOKEN:-}" ]; then
  export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=http.extraheader
  GIT_CONFIG_VALUE_0="AUTHORIZATION: basic $(printf 'x-access-token:%s' "$GH_TOKEN" | base64 -w0)"
  export GIT_CONFIG_VALUE_0
fi

built=refs/built/heads/gh-pages
if git ls-remote --exit-code -q origin refs/heads/gh-pages > /dev/null; then
  git fetch -q --no-tags origin '+refs/heads/gh-pages:refs/remotes/origin/gh-pages'
fi
git fetch -q --no-tags "$1" '+refs/heads/gh-pages:refs/built/heads/gh-pages' '+refs/tags/pages-*:refs/built/tags/pages-*'

old=$(git rev-parse -q --verify refs/remotes/origin/gh-pages || true)
if [ -n "$old" ]; then
  git merge-base --is-ancestor "$old" "$built" || refuse "gh-pages has moved meanwhile; run this again"
  for release in $(git ls-tree -d --name-only "$old" | grep -E '^[0-9]' || true); do
    [ "$(git rev-parse "$old:$release")" = "$(git rev-parse -q --verify "$built:$release" || true)" ] ||
      refuse "release $release is published, and would be another"
  done
fi

refs=("$built:refs/heads/gh-pages")
for tag in $(git for-each-ref --format='%(refname)' refs/built/tags); do
  refs+=("$tag:refs/tags/${tag#refs/built/tags/}")
done
git push -q --atomic origin "${refs[@]}"

mkdir -p "$2"
git archive "$built" | tar -x -C "$2"
