#include "retry/parked_reader.h"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include "retry/parked_folder_for_test.h"

namespace syncline::retry {
namespace {

using Ids = std::vector<std::string>;

class ParkedReaderTest : public testing::Test {
 protected:
  void park(const Ids& ids, const std::string& plan = "t/a") {
    std::vector<ParkedDocument> documents;
    for (const std::string& id : ids) documents.push_back(refused(plan, id, clock_));
    ASSERT_TRUE(store_->add(documents).ok());
  }
  // All pages of so many, each page's ids joined.
  Ids pages(size_t limit, const std::string& job = "j") {
    Ids pages;
    std::optional<std::string> after;
    do {
      auto page = store_->reader().page("t/a", job, after, limit);
      EXPECT_TRUE(page.ok());
      std::string ids;
      for (const ParkedDocument& document : page->documents) ids += "<" + document.id + ">";
      pages.push_back(ids);
      after = page->next;
    } while (after);
    return pages;
  }

  ParkedFolder folder_;
  ManualClock clock_;
  std::unique_ptr<ParkedStore> store_ = folder_.open();
};

TEST_F(ParkedReaderTest, PagesByIdByteForByte) {
  park({"b", "", "a", "é", "a%2F/?#", "B"});
  park({"z"}, "t/b");
  EXPECT_EQ(pages(10), (Ids{"<><B><a><a%2F/?#><b><é>"}));
  EXPECT_EQ(pages(2), (Ids{"<><B>", "<a><a%2F/?#>", "<b><é>"}));
  EXPECT_EQ(pages(1).size(), 6u);
  EXPECT_EQ(pages(10, "other"), Ids{""});
}

TEST_F(ParkedReaderTest, FindsAllThatIsKnownOfADocument) {
  park({"1"});
  const auto found = *store_->reader().find("t/a", "1");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->job, "j");
  EXPECT_EQ(found->status, 400);
  EXPECT_EQ(found->type, "mapper_parsing_exception");
  EXPECT_EQ(found->reason, "failed to parse");
  EXPECT_EQ(found->attempts, 1);
  EXPECT_EQ(found->next_at_us, found->last_at_us + 60'000'000);
  EXPECT_FALSE((*store_->reader().find("t/b", "1")).has_value());
}

TEST_F(ParkedReaderTest, AnotherJobTakesTheDocumentsOver) {
  park({"1", "2"});
  park({"3"}, "t/b");
  ASSERT_TRUE(store_->assign("t/a", "k").ok());
  EXPECT_EQ(store_->count("t/a", "j"), 0);
  EXPECT_EQ(store_->count("t/a", "k"), 2);
  EXPECT_EQ(store_->count_job("j"), 1);
  EXPECT_EQ(pages(10, "k"), Ids{"<1><2>"});
  store_ = folder_.open();
  EXPECT_EQ(store_->count("t/a", "k"), 2);
  EXPECT_EQ(store_->count("t/a", "j"), 0);
  EXPECT_EQ(store_->plans(), (std::set<std::string>{"t/a", "t/b"}));
}

TEST_F(ParkedReaderTest, AListOfThirtyThousandIsDealtWithInPieces) {
  Ids ids;
  for (int i = 0; i < 30'000; ++i) ids.push_back(std::to_string(i));
  park(ids);
  park({"kept"}, "t/b");
  ASSERT_TRUE(store_->assign("t/a", "k").ok());
  EXPECT_EQ(store_->count("t/a", "k"), 30'000);
  ASSERT_TRUE(store_->remove_plan("t/a").ok());
  EXPECT_EQ(store_->plans(), (std::set<std::string>{"t/b"}));
  store_ = folder_.open();
  EXPECT_EQ(store_->count("t/a"), 0);
  EXPECT_EQ(store_->count("t/b"), 1);
}

TEST_F(ParkedReaderTest, AFileOfTheFirstFormatIsBroughtUp) {
  store_.reset();
  std::filesystem::remove(folder_.file());
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(folder_.file().c_str(), &database), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(database,
                         "CREATE TABLE parked (plan TEXT NOT NULL, id TEXT NOT NULL, job TEXT NOT "
                         "NULL, status INTEGER NOT NULL, type TEXT NOT NULL, reason TEXT NOT NULL, "
                         "attempts INTEGER NOT NULL, first_at_us INTEGER NOT NULL, last_at_us "
                         "INTEGER NOT NULL, PRIMARY KEY (plan, id)) WITHOUT ROWID;"
                         "INSERT INTO parked VALUES ('t/a', '1', 'j', 400, 'x', 'y', 3, 10, 20);"
                         "PRAGMA user_version=1",
                         nullptr, nullptr, nullptr),
            SQLITE_OK);
  sqlite3_close(database);
  store_ = folder_.open();
  EXPECT_EQ(store_->count("t/a", "j"), 1);
  const auto found = *store_->reader().find("t/a", "1");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->attempts, 3);
  EXPECT_EQ(found->next_at_us, 0);
}

}  // namespace
}  // namespace syncline::retry
